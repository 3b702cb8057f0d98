"""Queries that say former names, as they are with present ones; and which names a query uses at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from xrm.engine.access.names import ReaderNames
from xrm.engine.queries.field_tests import as_text
from xrm.engine.queries.request import Aggregate, Query, Sort
from xrm.errors import XrmError
from xrm.metadata.compared import Compared, compared_options
from xrm.metadata.expressions.check import check
from xrm.metadata.expressions.tree import Expression, FormerName, Mention
from xrm.metadata.expressions.types import Names
from xrm.metadata.former import FormerNames

Path = tuple[str, ...]
OPTION: Final = "option"  # how an option is used
_CALL: Final = re.compile(r"(?:count|sum|min|max|avg|month|quarter)\((.*)\)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """A former name that somebody said: of a field or relationship of the entity, or without one of the entity."""

    entity: str
    former: str
    present: str


class Use(NamedTuple):
    """One way in which a request uses a name of an entity, or an option of the field of that name."""

    entity: str
    name: str
    how: str
    option: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """The former names of a model, to tell at a glance that a text holds none."""

    pattern: re.Pattern[str] | None

    @classmethod
    def of(cls, former: FormerNames) -> Words:
        """The words of these."""
        words = {*former.entities, *(old for names in former.members.values() for old in names)}
        joined = "|".join(sorted(map(re.escape, words)))
        return cls(re.compile(rf"\b(?:{joined})\b") if words else None)

    def are_in(self, texts: Iterable[str]) -> bool:
        """Whether any of the texts may say one."""
        return self.pattern is not None and any(self.pattern.search(text) for text in texts)


def present_path(names: Names, entity: str, path: Path) -> tuple[Path, list[Said]]:
    """The path with present names, as far as the reader knows them, and the former ones that it said."""
    made: list[str] = []
    said: list[Said] = []
    at: tuple[str, ...] = (entity,)
    for name in path:
        known = next(((e, a) for e in at if (a := names.attribute(e, name)) is not None), None)
        if known is not None and known[1].name != name:
            said.append(Said(known[0], name, known[1].name))
        made.append(known[1].name if known else name)
        at = known[1].type.entities if known else ()
    return tuple(made), said


def present_query(names: ReaderNames, query: Query) -> tuple[Query, list[Said]]:
    """The query with present names; its filters are texts, which are read by whatever name they say."""
    said: list[Said] = []

    def renewed(path: Path, entity: str = query.entity) -> Path:
        made, found = present_path(names, entity, path)
        said.extend(found)
        return made

    within = query.within
    made = replace(
        query,
        fields=None if query.fields is None else tuple(renewed(path) for path in query.fields),
        sort=tuple(Sort(renewed(sort.path), sort.descending) for sort in query.sort),
        expand=tuple(replace(item, name=renewed((item.name,))[0]) for item in query.expand),
        within=within and (within[0], within[1], renewed((within[2],), within[0])[0]),
    )
    return made, [*said, *_in_texts(names, query.entity, _filters(names, query))]


def said_in(names: ReaderNames, query: Aggregate) -> list[Said]:
    """The former names that a query of groups says."""
    return list(_in_texts(names, query.entity, [*_filters(names, query), *query.group, *query.aggregates]))


def _filters(names: ReaderNames, query: Query | Aggregate) -> list[str]:
    return [*query.filters, *_tests(names, query)]


def _tests(names: ReaderNames, query: Query | Aggregate) -> Iterator[str]:
    for test in query.tests:
        try:
            yield as_text(test, query.entity, names)
        except XrmError:  # it is refused where it is carried out
            continue


def _in_texts(names: ReaderNames, entity: str, texts: Iterable[str]) -> Iterator[Said]:
    for found in _expressions(names, entity, texts):
        yield from _said_by(found.former)


def _said_by(former: Sequence[FormerName]) -> Iterator[Said]:
    for found in former:
        if found.of == "entity":
            yield Said("", found.former, found.present)
        elif found.of:
            yield from (Said(entity, found.former, found.present) for entity in found.of.split(" and "))


def _expressions(names: ReaderNames, entity: str, texts: Iterable[str]) -> Iterator[Expression]:
    for text in texts:
        inner = _CALL.match(text)
        written = inner[1] if inner is not None else text
        found: Any = check(written, entity, names, expect=None) if written.strip() else ()
        if isinstance(found, Expression):
            yield found


# --- what is kept -------------------------------------------------------------------------------------


def present_asked(names: Names, entity: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a look at records of the entity asks for, by present names."""
    made = dict(asked)
    for key in ("fields", "sort"):
        if key in asked:
            made[key] = list(dict.fromkeys(present_word(names, entity, word) for word in asked[key]))
    if "group" in asked:
        made["group"] = present_word(names, entity, asked["group"])
    if "filter" in asked:
        checked = check(asked["filter"], entity, names)
        made["filter"] = checked.renewed if isinstance(checked, Expression) else asked["filter"]
    return made


def present_word(names: Names, entity: str, word: str) -> str:
    """A path with dots, perhaps with a sign for its direction, by present names."""
    sign = "-" if word.startswith("-") else ""
    path = tuple(word.removeprefix("-").split("."))
    return sign + ".".join(present_path(names, entity, path)[0])


# --- what is used -------------------------------------------------------------------------------------


def uses(
    names: ReaderNames, query: Query, mentions: Iterable[Mention], compared: Iterable[Compared] = ()
) -> tuple[Use, ...]:
    """Each field and relationship that the query names, once for each way in which it does, and each option that its
    filters compare with; no other values.
    """
    found = {Use(m.entity, m.attribute, "filter"): None for m in mentions}
    found.update((Use(c.entity, c.field, OPTION, c.option), None) for c in compared)
    paths = [(path, "fields") for path in query.fields or ()]
    paths += [(sort.path, "sort") for sort in query.sort]
    paths += [((item.name,), "fields") for item in query.expand]
    for path, how in paths:
        found.update((Use(entity, name, how), None) for entity, name in _passed(names, query.entity, path))
    return tuple(found)


def uses_of_groups(names: ReaderNames, query: Aggregate) -> tuple[Use, ...]:
    """The same of a query of groups."""
    terms = {"filter": _filters(names, query), "group": [*query.group, *query.aggregates]}
    read = [(how, e) for how, texts in terms.items() for e in _expressions(names, query.entity, texts)]
    found = [Use(mention.entity, mention.attribute, how) for how, e in read for mention in e.mentions]
    found += [Use(c.entity, c.field, OPTION, c.option) for _, e in read for c in compared_options(e.tree)]
    return tuple(dict.fromkeys(found))


def _passed(names: ReaderNames, entity: str, path: Path) -> Iterator[tuple[str, str]]:
    """The names on the way of a path, each with the entity that has it."""
    at: tuple[str, ...] = (entity,)
    for name in path:
        known = [(e, a) for e in at if (a := names.attribute(e, name)) is not None]
        if not known:
            return
        yield from ((owner, attribute.name) for owner, attribute in known)
        at = tuple(dict.fromkeys(t for _, attribute in known for t in attribute.type.entities))
