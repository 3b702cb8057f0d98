"""Ways to carry records out and in: an export asks for its own grants besides those of reading, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from tests.support.rights_ask import Ask, Pair, literal, read_value, written_path
from tests.support.rights_reading import sorted_key
from tests.support.rights_stage import answered
from tests.support.rights_writing import create_with, update_one
from xrm.engine.transfer import ExportRequest


def _carrying(ask: Ask, transfer: str) -> Ask:
    """The same cell, asked by whoever carries records."""
    person = ask.stage.realm.person(ask.cell.roles, transfer)
    return replace(ask, person=person, actor=replace(ask.actor, transfer=transfer))


def _expected(ask: Ask, answer: Callable[[], Any], *, knows: bool) -> Any:
    """The door says who may export at all; what leaves is what may be read and exported."""
    if not ask.person.can(ask.entity, "read"):
        return "absent" if not ask.stage.realm.person(ask.cell.roles).can(ask.entity, "read") else "refused"
    return ("ok", answer()) if knows else "unknown"


def _pieces(ask: Ask, format_: str, **params: str) -> bytes:
    """The file that leaves. The actor is as people are: the export itself says that it is one."""
    actor = replace(ask.actor, transfer="")
    request = ExportRequest(ask.entity, {n: [v] for n, v in params.items()}, format_)
    return b"".join(ask.stage.runtime.transfer.export(actor, request).pieces)


def _rows(ask: Ask, **params: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in _pieces(ask, "jsonl", **params).splitlines()]


def export_all(ask: Ask) -> Pair:
    ask = _carrying(ask, "export")
    p = ask.person
    got = answered(lambda: {r["id"]: r.get(ask.name, "no such key") for r in _rows(ask)})

    def expected() -> Any:
        return {r["id"]: p.shown(r, ask.name) if ask.knows else "no such key" for r in p.rows(ask.entity)}

    return _expected(ask, expected, knows=True), got


def export_fields(ask: Ask) -> Pair:
    ask = _carrying(ask, "export")
    p = ask.person

    def at_end(record: Any) -> Any:
        for name in ask.path:
            record = record.get(name) if isinstance(record, dict) else None
        return record

    def shown(record: Any) -> Any:
        return p.shown(record, ask.name) if len(ask.path) == 1 else p.at(record, ask.path)

    got = answered(lambda: {r["id"]: at_end(r) for r in _rows(ask, fields=f"id,{ask.cell.name}")})
    return _expected(ask, lambda: {r["id"]: shown(r) for r in p.rows(ask.entity)}, knows=ask.knows), got


def export_heading(ask: Ask) -> Pair:
    ask = _carrying(ask, "export")

    def got() -> bool:
        heading = _pieces(ask, "csv").decode("utf-8-sig").splitlines()[0].split(",")
        return ask.name in {column.partition(".")[0] for column in heading}

    return _expected(ask, lambda: ask.knows, knows=True), answered(got)


def export_filter(ask: Ask) -> Pair:
    ask = _carrying(ask, "export")
    text = f"{written_path(ask)} != {literal(ask.value)}"
    got = answered(lambda: sorted(r["id"] for r in _rows(ask, filter=text, fields="id")))

    def expected() -> Any:
        return ask.person.where(ask.entity, lambda r: read_value(ask, r) != ask.value)

    return _expected(ask, expected, knows=ask.knows), got


def export_sort(ask: Ask) -> Pair:
    ask = _carrying(ask, "export")
    got = answered(lambda: [r["id"] for r in _rows(ask, sort=f"-{ask.cell.name}", fields="id")])

    def expected() -> Any:
        return ask.person.ordered(ask.entity, sorted_key(ask), descending=True)

    return _expected(ask, expected, knows=ask.knows), got


def import_new(ask: Ask) -> Pair:
    return create_with(_carrying(ask, "import"))


def import_change(ask: Ask) -> Pair:
    return update_one(_carrying(ask, "import"))
