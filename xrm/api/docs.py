"""Pages for integrators: the reference of each entity, and Swagger UI under content rules of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from xrm.api.answers import Answer
from xrm.api.call import Call
from xrm.api.reference import reference, reference_list

HTML = "text/html; charset=utf-8"
PAGE_RULES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SWAGGER_RULES = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class DocPages(Protocol):
    """How the pages look; the composition root hands over the one who knows."""

    def overview(self, call: Call, entities: list[dict[str, Any]]) -> str:
        """The page that leads to the reference of each entity."""
        ...

    def entity(self, call: Call, told: dict[str, Any]) -> str:
        """The reference page of one entity, with its try-it forms."""
        ...

    def swagger(self, call: Call, document: str) -> str:
        """The page that shows the OpenAPI document at an address."""
        ...


@dataclass(frozen=True, slots=True)
class DocHandlers:
    """The handlers of the reference pages, for one look."""

    pages: DocPages

    def overview(self, call: Call) -> Answer:
        """`GET /docs`: the entities that the caller may use."""
        snapshot = call.snapshot
        entities = reference_list(snapshot.model, snapshot.policy, call.actor)
        return _page(self.pages.overview(call, entities))

    def entity(self, call: Call, entity: str) -> Answer:
        """`GET /docs/{entity}`: fields, calls and examples of one entity."""
        snapshot = call.snapshot
        told = reference(snapshot.model, snapshot.policy, call.actor, entity)
        return _page(self.pages.entity(call, told))

    def swagger(self, call: Call) -> Answer:
        """`GET /docs/swagger`: the whole document in Swagger UI."""
        made = _page(self.pages.swagger(call, "/api/v1/openapi.json"))
        return made.with_headers(Content_Security_Policy=SWAGGER_RULES)


def _page(html: str) -> Answer:
    headers = {"Content-Security-Policy": PAGE_RULES, "Cache-Control": "no-store"}
    return Answer(200, html.encode(), headers, HTML)
