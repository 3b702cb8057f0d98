"""Who is meant by `@name` in a comment: people who may act, and who may read the record that it is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.identity.resolve import actor_of
from xrm.engine.records.batch import Setting
from xrm.engine.records.permits import passing, passing_rule
from xrm.engine.records.writer import Writer
from xrm.engine.storage.ledger import USER
from xrm.metadata.values import fold

MOST_MENTIONS = 20
NAME_WORDS = 6
USER_ENTITY, EMAIL = "user", "email"
_AT = re.compile(r"(?<!\w)@")
_WORD = re.compile(r"\S+")
_TAIL = ".,;:!?)]}»”\"'"

Known = Mapping[str, UUID]
InPlaceOf = Callable[[Actor], Setting]


def mentioned(setting: Setting, writer: Writer, record: UUID, text: str, of: InPlaceOf) -> tuple[UUID, ...]:
    """The people whom the text names and who may read the record; a name that two people share names neither.

    Nobody is named whom the actor may not know, nor by an address that they may not read.
    """
    if not setting.policy.rights(setting.actor, USER_ENTITY).can("read"):
        return ()
    meant = [names for names in _candidates(text) if names][:MOST_MENTIONS]
    known = _people(setting, {name for names in meant for name in names})
    found = dict.fromkeys(user for names in meant if (user := _longest(names, known)) is not None)
    return tuple(user for user in found if may_read(setting, writer, record, user, of))


def may_read(setting: Setting, writer: Writer, record: UUID, user: UUID, of: InPlaceOf) -> bool:
    """Whether that person may act, and read the record."""
    actor = actor_of(setting.unit, user, setting.actor.door)
    return actor is not None and bool(passing(of(actor), writer, "read", [record]))


def people_called(
    setting: Setting, writer: Writer, record: UUID, begin: str, limit: int, of: InPlaceOf
) -> Sequence[Mapping[str, Any]]:
    """People whose name or address begins so and who may read the record: `id`, `title` and `email`.

    The actor may read them all; an address that they may not read is empty, and nobody is found by it.
    """
    if "\x00" in begin or not setting.policy.rights(setting.actor, USER_ENTITY).can("read"):
        return []
    rows = setting.unit.execute(_called(fold(begin), limit)).mappings().all()
    named, addressed = _known(setting, [row["id"] for row in rows])
    told = [
        {**row, EMAIL: row[EMAIL] if row["id"] in addressed else ""} for row in rows if row["id"] in named
    ]
    meant = [row for row in told if row[EMAIL] or _is_called(row["title"], begin)]
    return [row for row in meant if may_read(setting, writer, record, row["id"], of)]


def _is_called(name: str, begin: str) -> bool:
    return f" {fold(begin)}" in f" {fold(name)}"


def _called(begin: str, limit: int) -> sa.Select[Any]:
    bare = begin.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    starts = [sa.or_(c.like(f"{bare}%", escape="\\"), c.like(f"% {bare}%", escape="\\")) for c in _KEYS]
    chosen = sa.select(USER.c.id, USER.c.title, USER.c.email).where(*_ACTIVE, sa.or_(*starts))
    return chosen.order_by(USER.c.title__key, USER.c.id).limit(limit)


_KEYS = (USER.c.title__key, USER.c.email__key)
_ACTIVE = (USER.c.active == sa.true(), USER.c.deleted_at.is_(None))


def _candidates(text: str) -> Iterator[list[str]]:
    """What may be the name behind each `@`, the longest first, as names are compared."""
    for at in _AT.finditer(text):
        line = text[at.end() : at.end() + 200].split("\n")[0]
        ends = [word.end() for word in _WORD.finditer(line)][:NAME_WORDS] if line[:1].strip() else []
        yield [name for end in reversed(ends) for name in _readings(line[:end])]


def _readings(name: str) -> Iterable[str]:
    """The words as they stand, and without the sentence's own marks behind them."""
    return dict.fromkeys((fold(name), fold(name.rstrip(_TAIL))))


def _people(setting: Setting, names: Iterable[str]) -> Known:
    """Who is called so, by name or by address; without the names that several people have."""
    wanted = sorted(names)
    if not wanted:
        return {}
    chosen = sa.select(USER.c.id, *_KEYS).where(
        *_ACTIVE, sa.or_(USER.c.title__key.in_(wanted), USER.c.email__key.in_(wanted))
    )
    rows = setting.unit.execute(chosen).mappings().all()
    found: dict[str, set[UUID]] = {}
    for key, known in zip(_KEYS, _known(setting, [row["id"] for row in rows]), strict=True):
        for row in rows:
            if row["id"] in known:
                found.setdefault(row[key.key], set()).add(row["id"])
    return {name: next(iter(users)) for name, users in found.items() if len(users) == 1}


def _known(setting: Setting, users: Sequence[UUID]) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Those of the people whom the actor may read, and those whose address they may read."""
    writer, granted = setting.writers[USER_ENTITY], setting.policy.rights(setting.actor, USER_ENTITY)
    rules = (granted.rows_for("read"), granted.cell("read", EMAIL))
    by_name, by_address = (passing_rule(setting, writer, rule, users) for rule in rules)
    return by_name, by_address


def _longest(names: Sequence[str], known: Known) -> UUID | None:
    return next((known[name] for name in names if name in known), None)
