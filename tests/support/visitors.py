"""Somebody at a browser without scripts, over HTTP: cookies are kept, redirects are followed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.support.pages import Posted, elements, posted
from tests.support.servers import Answer, Caller, Server

MOST_MOVES = 5


@dataclass(slots=True)
class Visitor:
    """A browser without scripts."""

    call: Caller
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, path: str) -> Answer:
        """The page at the address, after all redirects."""
        return self._arrived(self._ask("GET", path))

    def send(self, path: str, form: Posted) -> Answer:
        """The page that comes after posting the form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._arrived(self._ask("POST", path, urlencode(form.pairs).encode(), kind))

    def fill(self, page: Answer, action: str, **typed: str | Iterable[str]) -> Answer:
        """The page that comes after the form on this one was posted with some inputs typed anew.

        Two underscores stand for a dot in the name of an input.
        """
        form = posted(page.text, action)
        assert form.pairs, f"There is no form to {action}."
        for name, value in typed.items():
            key = name.replace("__", ".")
            values = [value] if isinstance(value, str) else value
            form = Posted([*form.without(key).pairs, *((key, one) for one in values)])
        target = next(e["action"] for e in elements(page.text) if e["action"].startswith(action))
        return self.send(target, form)

    def sign_in(self, email: str, password: str) -> Answer:
        """The page that greets whoever has signed in."""
        return self.fill(self.open("/login"), "/login", email=email, password=password)

    def _arrived(self, answer: Answer) -> Answer:
        for _ in range(MOST_MOVES):
            if answer.status != 303:
                return answer
            answer = self._ask("GET", answer.headers["location"])
        raise AssertionError("The pages lead in a circle.")

    def _ask(
        self, method: str, path: str, data: bytes | None = None, more: dict[str, str] | None = None
    ) -> Answer:
        known = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.call.ask(method, path, data, {"Accept": "text/html", "Cookie": known, **(more or {})})
        for line in answer.cookies:
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer


def visit(server: Server, email: str, password: str) -> Visitor:
    """Somebody who has signed in."""
    visitor = Visitor(server.caller())
    greeting = visitor.sign_in(email, password)
    assert greeting.status == 200, greeting.text
    assert "/logout" in greeting.text, "Still at the door."
    return visitor
