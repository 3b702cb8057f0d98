"""Roles with what they grant, and the API tokens that open something."""

from __future__ import annotations

from collections import Counter

from flask import Response

from xrm.engine.commands import ADMINISTRATOR
from xrm.engine.identity.directory import HeldToken
from xrm.metadata.model import Grant, Role
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.words import at
from xrm.ui.administration import Cell, GrantRow, RoleCard, RolesPage, Row, Table, TablePage
from xrm.ui.models import Action, Empty
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import ROLES, TOKENS, admin_tabs
from xrm.ui.pages.visit import Visit, record_id

MOST_NAMED = 6


class Roles(Area):
    """`/admin/roles`."""

    href = ROLES

    @shown()
    def index(self, visit: Visit) -> Response:
        """Every role, its grants, and how many hold it."""
        held = Counter(role for person in visit.runtime.directory.people() for role in person.roles)
        known = visit.snapshot.policy.roles.values()
        roles = sorted(known, key=lambda r: visit.text(r.label, r.name).casefold())
        cards = tuple(_card(visit, role, held[role.name]) for role in roles)
        model = RolesPage(visit.ui.t("Roles"), cards, admin_tabs(visit, ROLES))
        return page(visit, "roles.html", model, current=ROLES)


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


def _card(visit: Visit, role: Role, held: int) -> RoleCard:
    pack = visit.model.packs.get(role.pack)
    is_all = role.name == ADMINISTRATOR
    return RoleCard(
        name=role.name,
        label=visit.text(role.label, role.name),
        pack=visit.text(pack.label, role.pack) if pack else role.pack,
        held=visit.ui.t("{count} users", count=held),
        grants=() if is_all else tuple(_grant(visit, grant) for grant in role.grants.values()),
        note=visit.ui.t("Everything, on every record and field.") if is_all else "",
    )


def _grant(visit: Visit, grant: Grant) -> GrantRow:
    named = [visit.plural(visit.model.entities[e]) for e in grant.entities if e in visit.model.entities]
    more = len(named) - MOST_NAMED
    shown = ", ".join(named[:MOST_NAMED])
    words = operations(visit)
    return GrantRow(
        entities=f"{shown} {visit.ui.t('and {count} more', count=more)}" if more > 0 else shown,
        can=tuple(word for operation, word in words.items() if operation in grant.can),
        rows=tuple(dict.fromkeys(rule.text if rule else "" for rule in grant.rows.values())),
        fields=_fields(visit, grant),
    )


def _fields(visit: Visit, grant: Grant) -> str:
    """Which fields a grant gives, told in full only where it is about one entity."""
    if len(grant.entities) != 1 or grant.entities[0] not in visit.model.entities:
        return ""
    entity = visit.model.entities[grant.entities[0]]
    given = grant.fields.get(entity.name, frozenset())
    all_ = {*entity.fields, *entity.relationships}
    if all_ <= given:
        return visit.ui.t("all")
    t = visit.ui.t
    return t("{given} of {all}", given=visit.ui.number(len(given & all_)), all=visit.ui.number(len(all_)))


def operations(visit: Visit) -> dict[str, str]:
    """What may be done with records, in words."""
    t = visit.ui.t
    return {
        "create": t("create"),
        "read": t("read"),
        "update": t("change"),
        "delete": t("delete"),
        "transition": t("take steps"),
        "assign": t("give to others"),
        "share": t("share"),
        "export": t("export"),
        "import": t("import"),
    }


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
