"""The filter bar: which fields it offers, and what its controls send as conditions of the query language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from xrm.engine.queries.request import OPERATORS, FieldTest
from xrm.metadata.model import Entity
from xrm.ui.criteria import EMPTY, FULL, GE, LE, Criterion
from xrm.ui.fields.view import Field
from xrm.ui.formatting import as_date, zone_of
from xrm.ui.pages.controls import Columns, control_for
from xrm.ui.pages.visit import Visit
from xrm.ui.pages.wording import Kept, Titles, records_in, words_of
from xrm.ui.views import FilterChip

OFFERED = ("select", "multi_select", "boolean", "lookup")
KINDS = (*OFFERED, "date", "datetime")
MOST = 3
PREFIX = "f."
PARTS = (".text", ".shown", ".from", ".to")

Pairs = Sequence[tuple[str, str]]


def bar_fields(columns: Columns) -> tuple[Field, ...]:
    """The columns that are most asked about: choices first, then people and records; for others there are chips."""
    fitting = [
        f
        for path, f in zip(columns.paths, columns.fields, strict=True)
        if len(path) == 1 and f.kind in OFFERED
    ]
    ranked = sorted(fitting, key=lambda f: OFFERED.index(f.kind))
    chosen = {f.name for f in ranked[:MOST]}
    return tuple(f for f in fitting if f.name in chosen)


def shown_filters(
    visit: Visit, entity: Entity, columns: Columns, pairs: Pairs, titles: Titles
) -> tuple[Field, ...]:
    """The filter bar with what is chosen in it; a chosen field that stood not in it joins it."""
    offered = list(bar_fields(columns))
    known = {f.name for f in offered}
    for name in dict.fromkeys(base_name(key) for key, _ in pairs):
        found = None if name in known else control_for(visit, entity, name)
        if found is not None and found.kind in KINDS and has_control(name, pairs):
            offered.append(found)
    return tuple(replace(f, value=_chosen(visit, entity, f, pairs, titles), required=False) for f in offered)


def pair_chips(
    visit: Visit,
    entity: Entity,
    pairs: Pairs,
    shown: Iterable[Field],
    address: Mapping[str, str],
    titles: Titles,
) -> tuple[FilterChip, ...]:
    """The short conditions that no control of the bar shows, each with the way out of it."""
    in_bar = {f.name for f in shown}
    found = {
        key: FilterChip(words_of(visit, entity, _criterion(key, value), titles), address[base_name(key)])
        for key, value in pairs
        if base_name(key) not in in_bar and not key.endswith((".text", ".shown"))
    }
    return tuple(found.values())


def _criterion(key: str, value: str) -> Criterion:
    """The short condition as one that people put together."""
    name, operator = split_name(key)
    if operator == "empty":
        return Criterion(name, FULL if value == "false" else EMPTY)
    ends = {".from": GE, ".to": LE}
    return Criterion(
        name, ends.get(key.removeprefix(PREFIX + name), "eq" if operator == "in" else operator), (value,)
    )


def records_of(visit: Visit, entity: Entity, pairs: Pairs) -> Iterator[Kept]:
    """The records whose titles the bar needs, because the address does not say them."""
    typed = {key.removesuffix(".text") for key, _ in pairs if key.endswith(".text")}
    for key, value in pairs:
        if key not in typed and not key.endswith(PARTS):
            yield from records_in(visit, entity, _criterion(key, value.rpartition("/")[2]))


def tests_of(visit: Visit, entity: Entity, pairs: Pairs) -> Iterator[FieldTest]:
    """The conditions that the pairs mean: ranges of days in the reader's zone, typed titles, and plain tests."""
    given: dict[str, list[str]] = {}
    for key, value in pairs:
        given.setdefault(key, []).append(value)
    for key, values in given.items():
        test = _test(visit, entity, key, values, given)
        if test is not None:
            yield test


def base_name(key: str) -> str:
    """The field that a parameter of the bar is about."""
    return split_name(key)[0]


def split_name(key: str) -> tuple[str, str]:
    """Field and operator of `f.<field>[.<operator>]`; the parts of a control count as its field."""
    bare = key.removeprefix(PREFIX)
    for part in PARTS:
        if bare.endswith(part):
            return bare.removesuffix(part), "eq"
    head, dot, tail = bare.rpartition(".")
    return (head, tail) if dot and tail in OPERATORS else (bare, "eq")


def has_control(name: str, pairs: Pairs) -> bool:
    """Whether all conditions on this field are such as its control sends."""
    own = [key.removeprefix(PREFIX) for key, _ in pairs if base_name(key) == name]
    return all(key == name or key.removeprefix(name) in PARTS for key in own)


def _test(
    visit: Visit, entity: Entity, key: str, values: list[str], given: Mapping[str, list[str]]
) -> FieldTest | None:
    name, operator = split_name(key)
    path = tuple(name.split("."))
    bare = key.removeprefix(PREFIX)
    if bare.endswith(".shown"):
        return None
    if bare.endswith(".text"):
        is_chosen = PREFIX + name in given and given.get(f"{PREFIX}{name}.shown", values) == values
        return None if is_chosen else FieldTest((*path, "title"), "contains", tuple(values))
    if bare.endswith((".from", ".to")):
        return _range_end(visit, entity, name, bare.rpartition(".")[2], values[-1])
    typed = given.get(f"{key}.text")
    if typed is not None and given.get(f"{key}.shown", typed) != typed:
        return None
    return FieldTest(path, operator, tuple(v.rpartition("/")[2] for v in values) if typed else tuple(values))


def _range_end(visit: Visit, entity: Entity, name: str, end: str, value: str) -> FieldTest:
    """One end of a range; for instants a day means its beginning, or the beginning of the next."""
    path = tuple(name.split("."))
    control = control_for(visit, entity, name)
    day = as_date(value)
    if control is None or control.kind != "datetime" or day is None or day >= date(9999, 1, 1):
        return FieldTest(path, "ge" if end == "from" else "le", (value,))
    midnight = datetime.combine(day, time(), zone_of(visit.ui.zone))
    if end == "to":
        midnight = datetime.combine(day + timedelta(days=1), time(), zone_of(visit.ui.zone))
    said = midnight.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return FieldTest(path, "ge" if end == "from" else "lt", (said,))


def _chosen(visit: Visit, entity: Entity, field: Field, pairs: Pairs, titles: Titles) -> object:
    """The value that the bar's control shows."""
    given = {key.removeprefix(PREFIX): value for key, value in pairs}
    if field.kind in ("date", "datetime"):
        ends = {end: given.get(f"{field.name}.{end}", "") for end in ("from", "to")}
        return ends if any(ends.values()) else None
    if field.kind != "lookup":
        return given.get(field.name)
    typed, chosen = given.get(f"{field.name}.text", ""), given.get(field.name, "")
    if typed and given.get(f"{field.name}.shown", "") != typed:
        return {"text": typed}
    return _titled(visit, entity, field, chosen, typed, titles) if chosen else None


def _titled(visit: Visit, entity: Entity, field: Field, chosen: str, typed: str, titles: Titles) -> object:
    """The chosen record with its title."""
    if typed:
        return {"id": chosen, "title": typed}
    if chosen == "me":
        return {"id": chosen, "title": visit.ui.t("Me")}
    kept = records_in(visit, entity, _criterion(PREFIX + field.name, chosen.rpartition("/")[2]))
    return {"id": chosen, "title": next((titles[k] for k in kept if titles.get(k)), chosen)}
