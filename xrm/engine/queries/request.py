"""What a caller asks of many records, as frozen values, and how query strings become them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from xrm.errors import Invalid, Place, Problem, Problems, Unreadable
from xrm.metadata.expressions.tree import Expression
from xrm.settings import Limits


class Count(StrEnum):
    """How much counting a list does: none, up to a cap, or all."""

    NONE = "none"
    CAPPED = "capped"
    EXACT = "exact"


class Trash(StrEnum):
    """Which side of the trash a list looks at."""

    LIVE = "live"
    ONLY = "only"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort key: a dotted path of names, and its direction."""

    path: tuple[str, ...]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Expand:
    """Related records to give along with each record."""

    name: str
    limit: int = 50
    fields: tuple[tuple[str, ...], ...] | None = None


@dataclass(frozen=True, slots=True)
class FieldTest:
    """A short form of a filter: `f.<path>=value` or `f.<path>.<operator>=value`, parsed to the same tree."""

    path: tuple[str, ...]
    operator: str
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A request for records of one entity. `fields` None asks for all that the actor may read.

    `filters` are texts in the expression language and must all hold, `conditions` are such that the model has
    checked; `ids` narrows to these records;
    `within` narrows to the records on the far side of a relationship of one record:
    (entity, id, relationship).
    """

    entity: str
    fields: tuple[tuple[str, ...], ...] | None = None
    expand: tuple[Expand, ...] = ()
    filters: tuple[str, ...] = ()
    conditions: tuple[Expression, ...] = ()
    tests: tuple[FieldTest, ...] = ()
    search: str = ""
    sort: tuple[Sort, ...] = ()
    limit: int = 50
    cursor: str = ""
    count: Count = Count.NONE
    trash: Trash = Trash.LIVE
    ids: tuple[UUID, ...] = ()
    within: tuple[str, UUID, str] | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A request for groups: terms to group by and aggregates to compute, both expression texts."""

    entity: str
    group: tuple[str, ...]
    aggregates: tuple[str, ...]
    filters: tuple[str, ...] = ()
    conditions: tuple[Expression, ...] = ()
    tests: tuple[FieldTest, ...] = ()
    search: str = ""
    limit: int = 500
    trash: Trash = Trash.LIVE


@dataclass(frozen=True, slots=True)
class Page:
    """What a list answers: JSON-ready records, the cursor of the next page, and a count if it was asked."""

    data: Sequence[Mapping[str, Any]]
    next: str | None = None
    count: int | None = None
    count_is: str = ""
    version: str = ""
    timings: Mapping[str, float] = field(default_factory=dict)


E = TypeVar("E", bound=StrEnum)

KNOWN = frozenset({"filter", "search", "sort", "fields", "expand", "limit", "cursor", "count", "trash"})
KNOWN_AGGREGATE = frozenset({"filter", "search", "group", "aggregate", "limit", "trash"})
OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts_with", "empty")
_PATH = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z")
_EXPAND = re.compile(r"([a-z][a-z0-9_]*)(?:\(([^()]*)\))?\Z")


def parse_query(entity: str, params: Mapping[str, Sequence[str]], limits: Limits) -> Query:
    """The query that these URL parameters mean; raises Invalid with every fault."""
    problems = Problems()
    _refuse_unknown(params, KNOWN, problems)
    query = Query(
        entity=entity,
        fields=_fields(params, problems),
        expand=_expand(params, limits, problems),
        filters=tuple(t for t in params.get("filter", ()) if t.strip()),
        tests=_tests(params, problems),
        search=_search(params, limits, problems),
        sort=_sort(params, limits, problems),
        limit=_limit(params, 50, limits.page_rows, problems),
        cursor=_one(params, "cursor", problems),
        count=_choice(params, "count", Count, Count.NONE, problems),
        trash=_choice(params, "trash", Trash, Trash.LIVE, problems),
    )
    _raise(problems)
    return query


def parse_aggregate(entity: str, params: Mapping[str, Sequence[str]], limits: Limits) -> Aggregate:
    """The group query that these URL parameters mean; raises Invalid with every fault."""
    problems = Problems()
    _refuse_unknown(params, KNOWN_AGGREGATE, problems)
    aggregate = Aggregate(
        entity=entity,
        group=tuple(split_outside_brackets(_one(params, "group", problems))),
        aggregates=tuple(split_outside_brackets(_one(params, "aggregate", problems))) or ("count()",),
        filters=tuple(t for t in params.get("filter", ()) if t.strip()),
        tests=_tests(params, problems),
        search=_search(params, limits, problems),
        limit=_limit(params, limits.page_rows, limits.group_rows, problems),
        trash=_choice(params, "trash", Trash, Trash.LIVE, problems),
    )
    _raise(problems)
    return aggregate


def split_outside_brackets(text: str) -> list[str]:
    """The comma-separated items of `text`; commas inside brackets or quotes do not separate."""
    items, depth, quote, start = [], 0, "", 0
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            items.append(text[start:i])
            start = i + 1
    return [item.strip() for item in (*items, text[start:]) if item.strip()]


def _raise(problems: Problems) -> None:
    if problems:
        raise Invalid(problems.found)


def _refuse_unknown(params: Mapping[str, Sequence[str]], known: frozenset[str], problems: Problems) -> None:
    for name in params:
        if name not in known and not name.startswith("f."):
            hint = "Known parameters are " + ", ".join(sorted(known)) + " and f.<field>."
            problems.add("R105", f"There is no parameter {name!r} here.", hint, Place(path=name))


def _one(params: Mapping[str, Sequence[str]], name: str, problems: Problems) -> str:
    values = params.get(name, ())
    if len(values) > 1:
        problems.add("R105", f"{name} is given more than once.", "Give it once.", Place(path=name))
    text = values[0] if values else ""
    if "\x00" in text:
        problems.add("R106", f"{name} has a NUL character.", "Remove it.", Place(path=name))
        return ""
    return text


def _path(text: str, where: str, problems: Problems) -> tuple[str, ...] | None:
    if _PATH.match(text):
        return tuple(text.split("."))
    problems.add("R106", f"{text!r} is not a field path.", "Write names joined by dots.", Place(path=where))
    return None


def _fields(params: Mapping[str, Sequence[str]], problems: Problems) -> tuple[tuple[str, ...], ...] | None:
    text = _one(params, "fields", problems)
    if not text.strip():
        return None
    paths = (_path(item, "fields", problems) for item in split_outside_brackets(text))
    return tuple(p for p in paths if p)


def _search(params: Mapping[str, Sequence[str]], limits: Limits, problems: Problems) -> str:
    text = _one(params, "search", problems).strip()
    if len(text) > limits.search_length:
        hint = f"Search for at most {limits.search_length} characters."
        problems.add("L113", "The search text is too long.", hint, Place(path="search"))
    return text


def _sort(params: Mapping[str, Sequence[str]], limits: Limits, problems: Problems) -> tuple[Sort, ...]:
    sorts = []
    for item in split_outside_brackets(_one(params, "sort", problems)):
        path = _path(item.removeprefix("-"), "sort", problems)
        if path:
            sorts.append(Sort(path, item.startswith("-")))
    if len(sorts) > limits.sort_terms:
        hint = f"Sort by at most {limits.sort_terms}."
        problems.add("L106", "There are too many sort terms.", hint, Place(path="sort"))
    return tuple(sorts)


def _limit(params: Mapping[str, Sequence[str]], default: int, most: int, problems: Problems) -> int:
    text = _one(params, "limit", problems)
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        problems.add(
            "R106", f"limit is {text!r}.", f"Give a whole number from 1 to {most}.", Place(path="limit")
        )
        return default
    return int(text)


def _choice(
    params: Mapping[str, Sequence[str]], name: str, kind: type[E], default: E, problems: Problems
) -> E:
    text = _one(params, name, problems)
    if not text:
        return default
    if text in {str(k) for k in kind}:
        return kind(text)
    problems.add("R106", f"{name} is {text!r}.", "Give one of " + ", ".join(kind) + ".", Place(path=name))
    return default


def _expand(params: Mapping[str, Sequence[str]], limits: Limits, problems: Problems) -> tuple[Expand, ...]:
    found = []
    for item in split_outside_brackets(_one(params, "expand", problems)):
        match = _EXPAND.match(item)
        if not match:
            problems.add(
                "R106", f"{item!r} cannot be expanded.", "Write name or name(limit=5).", Place(path="expand")
            )
            continue
        found.append(_expand_item(match[1], match[2] or "", limits, problems))
    return tuple(found)


def _expand_item(name: str, options: str, limits: Limits, problems: Problems) -> Expand:
    given: dict[str, list[str]] = {}
    for option in split_outside_brackets(options):
        key, _, value = option.partition("=")
        given.setdefault(key.strip(), []).append(value.strip())
    _refuse_unknown({k: v for k, v in given.items() if k != "limit"}, frozenset(), problems)
    return Expand(name, _limit(given, 50, limits.expand_rows, problems))


def _tests(params: Mapping[str, Sequence[str]], problems: Problems) -> tuple[FieldTest, ...]:
    tests = []
    for name, values in params.items():
        if not name.startswith("f.") or not any(v != "" for v in values):
            continue
        *names, last = name[2:].split(".")
        path, operator = ((*names,), last) if names and last in OPERATORS else ((*names, last), "eq")
        if _path(".".join(path), name, problems):
            tests.append(FieldTest(path, operator, tuple(v for v in values if v != "")))
    return tuple(tests)


def unreadable_cursor() -> Unreadable:
    """The refusal of a cursor that this query did not give out."""
    return Unreadable(
        Problem(
            "R107",
            "This cursor belongs to another query.",
            "Start again without cursor.",
            Place(path="cursor"),
        )
    )
