"""Ways to read a field: each gives what the reference expects and what the engine answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from tests.support.rights_ask import (
    Ask,
    Pair,
    amount_of,
    below,
    filtered,
    literal,
    read_value,
    written_path,
)
from tests.support.rights_reference import Record, comparable
from tests.support.rights_stage import LATER, answered
from tests.support.rights_world import THINGS
from xrm.engine.queries.histories import COMMENT_OPERATIONS
from xrm.engine.queries.request import Aggregate, FieldTest, Sort, Trash


def get_one(ask: Ask) -> Pair:
    found = ask.stage.record(ask.cell.roles, ask.entity, ask.record["id"])
    got = ("ok", found[1].get(ask.name, "no such key")) if isinstance(found, tuple) else found
    if not ask.person.sees(ask.record):
        return "absent", got
    expected = ask.person.shown(ask.record, ask.name) if ask.knows else "no such key"
    return ("ok", expected), got


def list_all(ask: Ask) -> Pair:
    def values(record: Mapping[str, Any]) -> Any:
        return (record["id"], record.get(ask.name, "no such key"))

    got = answered(lambda: sorted((values(r) for r in ask.query().data), key=repr))
    p = ask.person

    def expected() -> Any:

        def shown(r):
            return p.shown(r, ask.name) if ask.knows else "no such key"

        return sorted(((r["id"], shown(r)) for r in p.rows(ask.entity)), key=repr)

    return ask.expected(expected, knows=True), got


def list_order(ask: Ask) -> Pair:
    """The order of a list that asks for none, walked in small pages."""
    field_name = THINGS[ask.entity].order or THINGS[ask.entity].title
    descending = bool(THINGS[ask.entity].order)
    p = ask.person
    known = p.knows(ask.entity, field_name)
    key = (lambda r: p.value(r, field_name)) if known or not descending else (lambda r: None)
    expected = ask.expected(lambda: p.ordered(ask.entity, key, descending=descending and known), knows=True)
    return expected, answered(lambda: walk(ask, ()))


def walk(ask: Ask, sort: tuple[Sort, ...]) -> list[str]:
    """All ids in the order of the pages; no cursor tells a value that the reader may not read."""
    found: list[str] = []
    cursor = ""
    while True:
        page = ask.query(fields=(("id",),), sort=sort, limit=3, cursor=cursor)
        found += [r["id"] for r in page.data]
        if page.next is None:
            return found
        cursor = page.next


def fields_of(ask: Ask) -> Pair:
    def at_end(record: Mapping[str, Any]) -> Any:
        found: Any = record
        for name in ask.path:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    got = answered(lambda: {r["id"]: at_end(r) for r in ask.query(fields=(ask.path,)).data})
    p = ask.person

    def shown(record: Record) -> Any:
        return p.shown(record, ask.name) if len(ask.path) == 1 else p.at(record, ask.path)

    return ask.expected(lambda: {r["id"]: shown(r) for r in p.rows(ask.entity)}), got


def trash(ask: Ask) -> Pair:
    got = answered(lambda: {r["id"]: r.get(ask.name) for r in ask.query(trash=Trash.ONLY).data})
    p = ask.person

    def shown(r):
        return p.shown(r, ask.name) if ask.knows else None

    def rows():
        return {r["id"]: shown(r) for r in p.rows(ask.entity, trashed=True)}

    return ask.expected(rows, knows=True), got


def filter_eq(ask: Ask) -> Pair:
    text = f"{written_path(ask)} == {literal(ask.value)}"
    return filtered(ask, text, lambda r: read_value(ask, r) == ask.value)


def filter_ne(ask: Ask) -> Pair:
    text = f"{written_path(ask)} != {literal(ask.value)}"
    return filtered(ask, text, lambda r: read_value(ask, r) != ask.value)


def filter_empty(ask: Ask) -> Pair:
    return filtered(ask, f"{written_path(ask)} == empty", lambda r: read_value(ask, r) is None)


def filter_below(ask: Ask) -> Pair:
    text = f"{written_path(ask)} < {literal(ask.value)}"
    return filtered(ask, text, lambda r: below(read_value(ask, r), ask.value))


def filter_not_below(ask: Ask) -> Pair:
    text = f"not ({written_path(ask)} < {literal(ask.value)})"
    return filtered(ask, text, lambda r: not below(read_value(ask, r), ask.value))


def filter_contains(ask: Ask) -> Pair:
    text = f'contains({written_path(ask)}, "{ask.value[3:]}")'
    return filtered(ask, text, lambda r: str(ask.value[3:]) in str(read_value(ask, r) or ""))


def short_test(ask: Ask) -> Pair:
    raw = ask.value["amount"] if isinstance(ask.value, dict) else literal(ask.value).strip('"')
    expected = ask.expected(lambda: ask.person.where(ask.entity, lambda r: read_value(ask, r) == ask.value))
    return expected, answered(lambda: ask.ids(tests=(FieldTest(ask.path, "eq", (raw,)),)))


def _sorted(ask: Ask, *, descending: bool) -> Pair:
    got = answered(lambda: walk(ask, (Sort(ask.path, descending),)))
    through = len(ask.path) == 1 and ask.name in THINGS[ask.entity].fields
    if (
        through
        and THINGS[ask.entity].fields[ask.name].through
        and ask.knows
        and ask.person.can(ask.entity, "read")
    ):
        return "unfit", got

    key = sorted_key(ask)
    return ask.expected(lambda: ask.person.ordered(ask.entity, key, descending=descending)), got


def sorted_key(ask: Ask) -> Callable[[Record], Any]:
    """By what records are ordered: a value, or the title of what is pointed at."""

    def key(record: Record) -> Any:
        if len(ask.path) > 1 or ask.name in THINGS[ask.entity].fields:
            return ask.person.at(record, ask.path)
        return (ask.person.shown(record, ask.name) or {}).get("title")

    return key


def sort_up(ask: Ask) -> Pair:
    return _sorted(ask, descending=False)


def sort_down(ask: Ask) -> Pair:
    return _sorted(ask, descending=True)


def group(ask: Ask) -> Pair:
    asked = Aggregate(ask.entity, (ask.cell.name,), ("count()",))

    def got() -> Any:
        rows = ask.stage.queries.aggregate(ask.actor, asked)
        return {repr(_plain(r[ask.cell.name])): r["count()"] for r in rows}

    def shown(record: Record) -> Any:
        return _plain(ask.person.shown(record, ask.name) if len(ask.path) == 1 else read_value(ask, record))

    def expected() -> Any:
        found: dict[str, int] = {}
        for record in ask.person.rows(ask.entity):
            found[repr(shown(record))] = found.get(repr(shown(record)), 0) + 1
        return found

    return ask.expected(expected), answered(got)


def _plain(value: Any) -> Any:
    """Decimals compare as numbers, whatever zeros they are written with."""
    return comparable(value) if isinstance(value, str) else value


def total(ask: Ask) -> Pair:
    text = f"sum({ask.cell.name})"
    got = answered(
        lambda: amount_of(ask.stage.queries.aggregate(ask.actor, Aggregate(ask.entity, (), (text,)))[0][text])
    )

    def values():
        return [read_value(ask, r) for r in ask.person.rows(ask.entity)]

    return ask.expected(lambda: sum(amount_of(v) for v in values() if v is not None)), got


def how_many(ask: Ask) -> Pair:
    text = f"count({ask.cell.name})"
    got = answered(
        lambda: ask.stage.queries.aggregate(ask.actor, Aggregate(ask.entity, (), (text,)))[0][text]
    )

    def values():
        return [read_value(ask, r) for r in ask.person.rows(ask.entity)]

    return ask.expected(lambda: sum(v is not None for v in values())), got


def extreme(ask: Ask) -> Pair:
    text = f"max({ask.cell.name})"
    got = answered(
        lambda: ask.stage.queries.aggregate(ask.actor, Aggregate(ask.entity, (), (text,)))[0][text]
    )

    def expected() -> Any:
        values = [v for r in ask.person.rows(ask.entity) if (v := read_value(ask, r)) is not None]
        return max(values, key=comparable) if values else None

    return ask.expected(expected), got


def search_list(ask: Ask) -> Pair:
    word = str(ask.value).split("@", maxsplit=1)[0]
    expected = ask.expected(lambda: ask.person.searched(ask.entity, word), knows=True)
    return expected, answered(lambda: ask.ids(search=word))


def search_all(ask: Ask) -> Pair:
    word = str(ask.value).split("@", maxsplit=1)[0]
    got = answered(lambda: sorted(h["id"] for h in ask.stage.queries.search(ask.actor, word)))
    found = [i for e in THINGS if ask.person.can(e, "read") for i in ask.person.searched(e, word)]
    return ("ok", sorted(found)), got


def history(ask: Ask) -> Pair:
    def got() -> Any:
        page = ask.stage.queries.history(ask.actor, ask.entity, UUID(ask.record["id"]))
        return [(e["operation"], ask.name in e["changes"]) for e in reversed(page.data) if _is_change(e)]

    expected = ("ok", _told(ask)) if ask.person.sees(ask.record) else "absent"
    return expected, answered(got)


def feed(ask: Ask) -> Pair:
    entries = ask.stage.feed(ask.cell.roles).get(ask.record["id"], [])
    got = [(e["operation"], ask.name in e["changes"]) for e in entries if _is_change(e)]
    return (_told(ask) if ask.person.sees(ask.record) else []), got


def _is_change(entry: Mapping[str, Any]) -> bool:
    """Whether the log tells of more than of a comment, which cells write while others are asked."""
    return entry["operation"] not in COMMENT_OPERATIONS


def _told(ask: Ask) -> list[tuple[str, bool]]:
    """What the log tells of the record: operation, and whether the cell's name is among the changes."""
    p, record, thing = ask.person, ask.record, THINGS[ask.entity]
    is_client = ask.entity == "client"
    stored = [*(n for n, a in thing.fields.items() if not a.through)]
    stored += [n for n, s in thing.sides.items() if s.of is None and not s.many]
    begun = [n for n in stored if record[n] is not None and not (is_client and n in LATER)]

    def given(names):
        return {n for n in names if p.gives(record, "read", n)}

    told = [("create", ask.name in given(begun))]
    later = given(n for n in LATER if is_client and record[n] is not None)
    told += [("update", ask.name in later)] if later else []
    told += [("transition", False)] if record.get("state") == "done" else []
    if ask.entity == "ticket" and p.gives(record, "read", "watchers"):
        told += [("link", ask.name == "watchers")] * sum(p.sees(w) for w in record["watchers"])
    told += [("delete", False)] if record["trashed"] else []
    return told + ([("share", False)] if record["id"] in ask.stage.shared else [])
