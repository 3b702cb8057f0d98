"""What the areas of the administration say alike: names of roles, links to users, points in time, pages that go on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from xrm.engine.identity.overview import Account, Named, Unit
from xrm.metadata.names import words_of
from xrm.ui.administration import Cell
from xrm.ui.fields.view import Option
from xrm.ui.pages.menu import USERS
from xrm.ui.pages.visit import Visit, record_id

AFTER = "after"


def role_options(visit: Visit) -> tuple[Option, ...]:
    """Every role that can be held, by what it is called."""
    named = ((visit.role(role), role) for role in visit.snapshot.policy.roles)
    return tuple(Option(role, name) for name, role in sorted(named, key=lambda pair: pair[0].casefold()))


def role_tags(visit: Visit, roles: Iterable[str]) -> tuple[Option, ...]:
    """Roles as tags."""
    return tuple(Option(role, visit.role(role)) for role in roles)


def held_tags(visit: Visit, user: Account) -> tuple[Option, ...]:
    """The roles of a user as tags; one that is held through teams says so."""
    others = (role for role in user.team_roles if role not in user.roles)
    through = (Option(role, _through(visit, user, role), "blue") for role in others)
    return (*role_tags(visit, user.roles), *through)


def _through(visit: Visit, user: Account, role: str) -> str:
    teams = ", ".join(team.name for team in user.team_roles[role])
    return visit.ui.t("{role} through {team}", role=visit.role(role), team=teams)


def team_tags(teams: Iterable[Named]) -> tuple[Option, ...]:
    """Teams as tags."""
    return tuple(Option(str(team.id), team.name, "blue") for team in teams)


def unit_options(units: Iterable[Unit]) -> tuple[Option, ...]:
    """Business units in the order of their tree, each with those that it lies below."""
    way: list[str] = []
    found = []
    for unit in units:
        way[unit.depth :] = [unit.name]
        found.append(Option(str(unit.id), " / ".join(way)))
    return tuple(found)


def user_cell(user: Account) -> Cell:
    """A user as the first cell of a row."""
    return Cell(user.name, f"{USERS}/{user.id}", note=user.email)


def active_tag(visit: Visit, active: bool) -> Option:
    """Whether a user may sign in, as a tag."""
    return (
        Option("1", visit.ui.t("Active"), "green")
        if active
        else Option("0", visit.ui.t("Switched off"), "red")
    )


def thing_called(visit: Visit, name: str) -> str:
    """What an entity, or `entity.member`, is called; what is not there, or not yet, by its name."""
    entity_name, _, rest = name.partition(".")
    entity = visit.model.entities.get(entity_name)
    if entity is None:
        return name
    member, _, more = rest.partition(".")
    known = entity.fields.get(member) or entity.relationships.get(member)
    label = visit.text(known.label, known.name) if known else words_of(member) if member else ""
    return " › ".join(filter(None, (visit.label(entity), label, more)))


def at(instant: datetime | None, otherwise: str = "") -> Cell:
    """A point in time."""
    return Cell(otherwise) if instant is None else Cell(at=instant.isoformat())


def after_in(visit: Visit) -> UUID | None:
    """The id after which this page goes on."""
    given = visit.arg(AFTER)
    return record_id(given) if given else None


def address(href: str, *, after: str | None = None, **said: str) -> str:
    """The address of a table with what narrows it, and where it goes on."""
    pairs = [(name, value) for name, value in said.items() if value]
    pairs += [(AFTER, after)] if after else []
    return f"{href}?{urlencode(pairs)}" if pairs else href


def user_named(visit: Visit, id_: UUID | None) -> str:
    """What the user is called; where nobody is named, it was the system."""
    names = visit.runtime.overview.names(visit.actor, [id_] if id_ else [])
    return names.get(str(id_), "") or visit.ui.t("The system")


def pack_label(visit: Visit, name: str) -> str:
    """What a pack is called, in use or not."""
    known = visit.model.packs.get(name)
    return visit.text(known.label if known else visit.model.disabled.get(name, {}), name)
