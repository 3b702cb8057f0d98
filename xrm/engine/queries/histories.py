"""What happened: the history of a record and the change feed, as far as the reader may see.

A change is shown to whoever may read its record, and in it only the fields that they may read on that
record. What they may not read leaves no trace, not even an empty change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.access import EVERYWHERE, RowRule, always_readable
from xrm.engine.commands import UNDO, Actor
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.reading import unknown_name
from xrm.engine.queries.references import titles_of
from xrm.engine.queries.request import Page
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.feed import FeedPosition, after, has_key, in_order, settled
from xrm.engine.storage.ledger import CHANGE
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.statements import Prepared, any_of
from xrm.errors import Place, Problem, Unreadable
from xrm.metadata.fieldtypes.times import write_instant
from xrm.metadata.values import INT64_MAX

if TYPE_CHECKING:
    from xrm.engine.queries.service import QueryService

LINK_OPERATIONS = ("link", "unlink")
COMMENT_OPERATIONS = ("comment", "comment_edit", "comment_delete")
_COLUMNS = tuple(CHANGE.c)
_LIMIT = sa.bindparam("limit", type_=sa.Integer())
_NAMES = tuple(c.key for c in _COLUMNS)


def history(
    service: QueryService,
    unit: UnitOfWork,
    actor: Actor,
    entity: str,
    record: UUID,
    limit: int,
    cursor: str,
    field: str = "",
) -> Page:
    """The changes of one record, or those that touched one field of it, newest first."""
    kit, parameters = service.kit(actor), service.parameters(actor)
    key = _key(service, actor, entity, field) if field else ""
    place = _whole_number(cursor) if cursor else INT64_MAX
    asked = Asked(record, place, limit, (key,) if key else ())
    rows, told, goes_on = below(kit, unit, parameters, asked)
    if field:
        told = [of_fields(entry, (field,)) for entry in told]
    return Page([t for t in told if t is not None], str(rows[-1]["position"]) if goes_on else None)


def of_fields(entry: dict[str, Any] | None, fields: Sequence[str]) -> dict[str, Any] | None:
    """The entry with nothing but these fields; none where none of them was touched."""
    changes = {name: entry["changes"][name] for name in fields if name in entry["changes"]} if entry else {}
    return {**entry, "changes": changes} if entry is not None and changes else None


def _key(service: QueryService, actor: Actor, entity: str, field: str) -> str:
    """Under what the log keeps the values of a field; raises Invalid for one that the actor may not read."""
    reader = service.reader(actor)
    known = {*always_readable(reader.model.entities[entity]), *reader.rights(entity).names("read")}
    if field not in known:
        raise unknown_name(entity, field, known, "field")
    return key_of(service.numbers, entity, field)


def key_of(numbers: Numbers, entity: str, field: str) -> str:
    """Under what the log keeps the values of the field."""
    number = numbers.fields.get((entity, field))
    return field if number is None else str(number)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which changes of a record are wanted: below a position, and all, or those of some keys, or no comments."""

    record: UUID
    position: int
    limit: int
    keys: tuple[str, ...] = ()
    without_comments: bool = False


Told = list[dict[str, Any] | None]


def below(
    kit: Kit, unit: UnitOfWork, parameters: Mapping[str, Any], asked: Asked
) -> tuple[list[dict[str, Any]], Told, bool]:
    """The rows of the log, what the reader may see of each, and whether there are more behind them."""
    shape = (len(asked.keys), asked.without_comments)
    prepared = kit.plan(("changes below", *shape), lambda: kit.prepare(_below(*shape)))
    keys = {f"key{n}": key for n, key in enumerate(asked.keys)}
    values = {"record": asked.record, "below": asked.position, "limit": asked.limit + 1, **keys}
    rows = [dict(zip(_NAMES, prepared.read(row), strict=True)) for row in unit.run(prepared, values)]
    told = _Shown(kit, unit, parameters).entries(rows[: asked.limit])
    return rows[: asked.limit], told, len(rows) > asked.limit


def _below(keys: int, without_comments: bool) -> sa.Select[Any]:
    record, position = CHANGE.c.record, CHANGE.c.position
    chosen = sa.select(*_COLUMNS).where(
        record == sa.bindparam("record", type_=record.type),
        position < sa.bindparam("below", type_=sa.BigInteger()),
    )
    if keys:
        ends = (CHANGE.c.before, CHANGE.c.after)
        chosen = chosen.where(sa.or_(*(has_key(end, f"key{n}") for n in range(keys) for end in ends)))
    if without_comments:
        chosen = chosen.where(CHANGE.c.operation.not_in(COMMENT_OPERATIONS))
    return chosen.order_by(position.desc()).limit(_LIMIT)


def shown(
    kit: Kit,
    unit: UnitOfWork,
    parameters: Mapping[str, Any],
    prepared: Prepared,
    rows: Sequence[Sequence[Any]],
) -> list[dict[str, Any]]:
    """What the reader may see of these rows of the log, which the statement gave column by column."""
    named = [dict(zip(_NAMES, prepared.read(row), strict=True)) for row in rows]
    return [entry for entry in _Shown(kit, unit, parameters).entries(named) if entry is not None]


def feed(service: QueryService, unit: UnitOfWork, actor: Actor, since: str, limit: int) -> Page:
    """The changes after `since`, oldest first; `next` is where to go on, also when nothing could be shown."""
    kit = service.kit(actor)
    here = _position(since)
    prepared = kit.plan(("feed",), lambda: kit.prepare(_since()))
    values = {"transaction": here.transaction, "position": here.position, "limit": limit}
    rows = [dict(zip(_NAMES, prepared.read(row), strict=True)) for row in unit.run(prepared, values)]
    shown = _Shown(kit, unit, service.parameters(actor)).entries(rows)
    last = FeedPosition(rows[-1]["transaction"], rows[-1]["position"]) if rows else here
    return Page([e for e in shown if e is not None], str(last))


def _since() -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(settled(), after()).order_by(*in_order()).limit(_LIMIT)


def _position(since: str) -> FeedPosition:
    if since in ("", "0"):
        return FeedPosition()
    try:
        return FeedPosition.parse(since)
    except ValueError:
        raise _bad_place("since") from None


def _whole_number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        return int(text)
    raise _bad_place("cursor")


def _bad_place(name: str) -> Unreadable:
    problem = Problem(
        "R107", f"{name} is not a place in the log.", "Give what an answer gave.", Place(path=name)
    )
    return Unreadable(problem)


@dataclass(frozen=True, slots=True)
class _Shown:
    """Turns change-log rows into what the reader may see of them."""

    kit: Kit
    unit: UnitOfWork
    parameters: Mapping[str, Any]

    def entries(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any] | None]:
        """An entry per row, or None where the reader may see nothing of it."""
        visible, titles = self._visible(rows)
        actors = {row["actor"] for row in rows if row["actor"] is not None}
        names = titles_of(self.kit, self.unit, "user", list(actors), self.parameters)
        hidden = self._hidden_ends(rows)
        return [
            None if row["position"] in hidden else self._entry(row, visible, titles, names) for row in rows
        ]

    def _hidden_ends(self, rows: Sequence[Mapping[str, Any]]) -> set[int]:
        """The positions of links to records that the reader may not read, or of which that is not known."""
        ends = {row["position"]: _far_end(row) for row in rows if row["operation"] in LINK_OPERATIONS}
        wanted: dict[str, dict[UUID, None]] = {}
        for entity, record in filter(None, ends.values()):
            wanted.setdefault(entity, {})[UUID(record)] = None
        seen = {
            entity: titles_of(self.kit, self.unit, entity, list(ids), self.parameters)
            for entity, ids in wanted.items()
        }
        return {position for position, end in ends.items() if end is None or end[1] not in seen[end[0]]}

    def _visible(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[dict[tuple[int, UUID], frozenset[str]], dict[UUID, str]]:
        """The readable names of each record that appears, by entity number and record; and what they are called."""
        by_entity: dict[int, dict[UUID, None]] = {}
        for row in rows:
            by_entity.setdefault(row["entity"], {})[row["record"]] = None
        found: dict[tuple[int, UUID], frozenset[str]] = {}
        titles: dict[UUID, str] = {}
        for number, records in by_entity.items():
            entity = self.kit.numbers.names.get(number, "")
            for record, names in self._readable(entity, list(records), titles).items():
                found[number, record] = names
        return found, titles

    def _readable(
        self, entity: str, records: list[UUID], titles: dict[UUID, str]
    ) -> dict[UUID, frozenset[str]]:
        reader = self.kit.desk.reader
        if entity not in self.kit.desk.schema.entities or not reader.rights(entity).can("read"):
            return {}
        rights = reader.rights(entity)
        base = rights.rows_for("read")
        rules: dict[RowRule, list[str]] = {base: list(always_readable(reader.model.entities[entity]))}
        for name in rights.names("read"):
            rules.setdefault(rights.cell("read", name), []).append(name)
        found: dict[UUID, set[str]] = {}
        rows = self._passing(entity, base, records)
        titles |= rows
        for rule, names in rules.items():
            for record in rows if rule == base else rows.keys() & self._passing(entity, rule, records):
                found.setdefault(record, set()).update(names)
        return {record: frozenset(names) for record, names in found.items()}

    def _passing(self, entity: str, rule: RowRule, records: list[UUID]) -> dict[UUID, str]:
        prepared = self.kit.plan(("passing", entity, rule), lambda: _passing(self.kit, entity, rule))
        rows = self.unit.run(prepared, {**self.parameters, "ids": records})
        return dict(prepared.read(row) for row in rows)

    def _entry(
        self,
        row: Mapping[str, Any],
        visible: Mapping[tuple[int, UUID], frozenset[str]],
        titles: Mapping[UUID, str],
        names: Mapping[str, str],
    ) -> dict[str, Any] | None:
        known = visible.get((row["entity"], row["record"]))
        if known is None:
            return None
        changes = dict(self._changes(row, known))
        if (
            not changes
            and (row["before"] or row["after"])
            and row["operation"] not in ("create", "delete", "restore", "share", "unshare")
        ):
            return None
        return {
            "position": str(FeedPosition(row["transaction"], row["position"])),
            "at": write_instant(row["at"]),
            "actor": _actor(row["actor"], names),
            "door": row["door"],
            "entity": self.kit.numbers.names[row["entity"]],
            "record": str(row["record"]),
            "title": titles[row["record"]],
            "version": row["version"],
            "operation": row["operation"],
            "reason": row["reason"],
            "undoes": _undone(row["cause"]),
            "changes": changes,
        }

    def _changes(self, row: Mapping[str, Any], known: frozenset[str]) -> Iterable[tuple[str, Any]]:
        before, after_ = row["before"], row["after"]
        for key in dict.fromkeys((*before, *after_)):
            name = self._name(key)
            if name in known:
                yield name, {"before": before.get(key), "after": after_.get(key)}

    def _name(self, key: str) -> str:
        found = self.kit.numbers.field_names.get(int(key)) if key.isdecimal() else None
        return found[1] if found else key


def _passing(kit: Kit, entity: str, rule: RowRule) -> Prepared:
    """The records among `ids` that pass the rule, with their titles.

    What they were called at the time may have been made of what the reader may not read.
    """
    frame = kit.desk.frame(entity)
    conditions = [any_of(frame.id, "ids")]
    if rule != EVERYWHERE:
        conditions.append(frame.condition(rule))
    return kit.prepare(sa.select(frame.id, frame.own("title")).where(*conditions))


def _undone(cause: str | None) -> str | None:
    """The place in the log of the act that this change takes back."""
    return cause.removeprefix(UNDO) if cause and cause.startswith(UNDO) else None


def _far_end(row: Mapping[str, Any]) -> tuple[str, str] | None:
    """Entity and id of the record on the far side of a link that the row tells of."""
    told: Any = next(iter((row["after"] or row["before"]).values()), {})
    to = told.get("to") if isinstance(told, Mapping) else None
    return (to["entity"], to["id"]) if to else None


def _actor(record: UUID | None, names: Mapping[str, str]) -> dict[str, Any] | None:
    if record is None:
        return None
    return {"id": str(record), "entity": "user", "title": names.get(str(record))}
