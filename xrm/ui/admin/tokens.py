"""The API tokens that open something."""

from __future__ import annotations

from flask import Response

from xrm.engine.identity.directory import HeldToken
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.words import at
from xrm.ui.administration import Cell, Row, Table, TablePage
from xrm.ui.models import Action, Empty
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import TOKENS, admin_tabs
from xrm.ui.pages.visit import Visit, record_id


class Tokens(Area):
    """`/admin/tokens`."""

    href = TOKENS

    @shown()
    def index(self, visit: Visit) -> Response:
        """Every API token that opens something now."""
        t = visit.ui.t
        found = visit.runtime.directory.tokens(visit.runtime.world.now())
        columns = (t("Owner"), t("Name"), t("Begins with"), t("Created"), t("Holds until"))
        rows = tuple(_token(visit, token) for token in found)
        table = Table(
            t("API tokens"),
            columns,
            rows,
            Empty(t("No tokens"), t("Nobody holds an API token now."), "key-round"),
        )
        note = t("A token acts in the name of its owner. Each makes their own, under their settings.")
        model = TablePage(t("API tokens"), "key-round", admin_tabs(visit, TOKENS), table, note=note)
        return page(visit, "admin/table.html", model, current=TOKENS)

    @posted("/<token>/revoke")
    def revoke(self, visit: Visit, token: str) -> Response:
        """The token opens nothing any more."""
        visit.runtime.identity.revoke_token(visit.actor, record_id(token))
        return moved(TOKENS, visit.ui.t("The token is revoked"))


def _token(visit: Visit, token: HeldToken) -> Row:
    until = visit.ui.datetime(token.expires_at.isoformat()) if token.expires_at else ""
    cells = (
        Cell(token.owner, note=token.email),
        Cell(token.name),
        Cell(token.prefix, code=True),
        at(token.created_at),
        Cell(until or visit.ui.t("Until it is revoked")),
    )
    revoke = Action(visit.ui.t("Revoke"), f"{TOKENS}/{token.id}/revoke", "x", post=True, danger=True)
    return Row(cells, (revoke,))
