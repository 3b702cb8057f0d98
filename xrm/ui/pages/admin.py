"""Pages for administrators: users, roles with what they grant, and API tokens. What changes users is `xrm user`."""

from __future__ import annotations

from collections import Counter

from flask import Response

from xrm.engine.commands import ADMINISTRATOR
from xrm.engine.identity.directory import HeldToken
from xrm.errors import Forbidden, Problem
from xrm.metadata.model import Grant, Role
from xrm.ui.administration import (
    GrantRow,
    HeldTokenRow,
    RoleCard,
    RolesPage,
    TokensPage,
    UserRow,
    UsersPage,
)
from xrm.ui.models import Action
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import ROLES, TOKENS, USERS, admin_links
from xrm.ui.pages.visit import Visit, record_id

MOST_NAMED = 6


def users(visit: Visit) -> Response:
    """`GET /admin/users`: who may sign in, and what they hold."""
    _demand(visit)
    found = visit.runtime.directory.people()
    rows = tuple(UserRow(p.email, p.name, p.active, _roles(visit, p.roles), p.teams) for p in found)
    count = visit.ui.t("{count} users", count=len(rows))
    model = UsersPage(visit.ui.t("Users"), rows, tuple(admin_links(visit, USERS)), count)
    return page(visit, "users.html", model, current=USERS)


def roles(visit: Visit) -> Response:
    """`GET /admin/roles`: every role, its grants, and how many hold it."""
    _demand(visit)
    held = Counter(role for person in visit.runtime.directory.people() for role in person.roles)
    known = sorted(visit.snapshot.policy.roles.values(), key=lambda r: visit.text(r.label, r.name).casefold())
    cards = tuple(_card(visit, role, held[role.name]) for role in known)
    return page(
        visit,
        "roles.html",
        RolesPage(visit.ui.t("Roles"), cards, tuple(admin_links(visit, ROLES))),
        current=ROLES,
    )


def tokens(visit: Visit) -> Response:
    """`GET /admin/tokens`: every API token that opens something now."""
    _demand(visit)
    found = visit.runtime.directory.tokens(visit.runtime.world.now())
    rows = tuple(_token(visit, token) for token in found)
    model = TokensPage(visit.ui.t("API tokens"), rows, tuple(admin_links(visit, TOKENS)))
    return page(visit, "tokens.html", model, current=TOKENS)


def revoke(visit: Visit, token: str) -> Response:
    """`POST /admin/tokens/<id>/revoke`: the token opens nothing any more."""
    _demand(visit)
    visit.runtime.identity.revoke_token(visit.actor, record_id(token))
    return moved(TOKENS, visit.ui.t("The token is revoked"))


def _demand(visit: Visit) -> None:
    if ADMINISTRATOR not in visit.actor.roles:
        message = visit.ui.t("This is for administrators.")
        raise Forbidden(Problem("A102", message, visit.ui.t("Ask an administrator for a role that does.")))


def _roles(visit: Visit, names: tuple[str, ...]) -> tuple[str, ...]:
    known = visit.snapshot.policy.roles
    return tuple(visit.text(known[n].label, n) if n in known else n for n in names)


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


def _token(visit: Visit, token: HeldToken) -> HeldTokenRow:
    until = visit.ui.datetime(token.expires_at.isoformat()) if token.expires_at else ""
    return HeldTokenRow(
        owner=f"{token.owner} ({token.email})",
        name=token.name,
        prefix=token.prefix,
        created_at=token.created_at.isoformat(),
        until=until or visit.ui.t("Until it is revoked"),
        revoke=Action(visit.ui.t("Revoke"), f"{TOKENS}/{token.id}/revoke", "x", post=True, danger=True),
    )
