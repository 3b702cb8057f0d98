"""Documents against the schema of their kind: every fault becomes a problem in our words at the right place.

What is faulty is put right where it is plain what was meant, and else taken out of the document, as little as
possible. What has no meaning then is kept in `broken`, so that later stages judge all else and do not complain
again about the same mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import takewhile
from typing import Any, Final

from jsonschema import ValidationError

from xrm.errors import Place, Problem
from xrm.metadata.documents import SourceDocument
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.keywords import Validator, second
from xrm.metadata.limits import PROBLEMS_PER_DOCUMENT
from xrm.metadata.mending import (
    Change,
    Removal,
    Renaming,
    Replacement,
    flag_meant_by,
    meant_by,
    mended,
    name_meant_by,
)
from xrm.metadata.names import (
    LANGUAGE_PATTERN,
    MAX_MEMBER,
    NAME_PATTERN,
    OPTION_PATTERN,
    VERSION_PATTERN,
    near_hint,
)
from xrm.metadata.positions import Path
from xrm.metadata.schemas import checking_schemas
from xrm.metadata.schemas.scenarios import CODE_PATTERN
from xrm.metadata.schemas.views import CARRIED_OUT, VIEW_TYPES
from xrm.registry import near_names

# Types of the language that this version does not compute yet.
LATER_TYPES: Final = ("formula", "rollup")
LATER_VIEWS: Final = tuple(name for name in VIEW_TYPES if name not in CARRIED_OUT)
LATER_KEYS: Final = ("do", "after", "approval")
# Without one of these an item has no meaning.
_DEFINING: Final = frozenset({"type", "from", "to", "must", "fields", "entity", "ref", "options"})
# Keys on which the meaning of other things hangs: a misspelt one is read as what was meant.
_STRUCTURAL: Final = _DEFINING | {
    "can", "rows", "sections", "states", "transitions", "records", "values", "people", "users", "grants",
    "relationships", "keys", "rules", "indexes", "forms", "views", "attributes", "many", "valid",
    "owned", "via", "inverse", "abstract", "like", "ownership", "title", "initial", "filter", "columns",
    "requires", "optional", "pack", "extend", "version", "except", "portal",
}  # fmt: skip
# How often a document is looked at again after something in it was put right.
_ROUNDS: Final = 6
_WORDS: Final = {
    "string": "text",
    "object": "a map",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
# What is only too long is still what it is.
_KEPT: Final = frozenset({"maxLength", "maxItems", "minItems", "maximum", "minimum", "minProperties"})
# One failure of these is about several keys.
_OF_KEYS: Final = frozenset({"required", "additionalProperties"})
_EXPRESSION_REST = re.compile(r"""[()\[\]"'=<>*/+]|\s|\.[a-z]""")

# How deep below the document the smallest thing with a name of its own lies, by kind and first key.
_DEPTHS: Final[Mapping[str, Mapping[str, int]]] = {
    "entity": {"fields": 2, "relationships": 2, "keys": 2, "rules": 2},
    "extend": {
        "fields": 2,
        "relationships": 2,
        "keys": 2,
        "rules": 2,
        "forms": 2,
        "views": 2,
    },
    "lifecycle": {"states": 2, "transitions": 2},
    "options": {"options": 2},
    "seed": {"records": 2},
}


@dataclass(frozen=True, slots=True)
class _Fault:
    """A problem, the path of what it is about, how the document is read on, and what has lost its meaning.

    `again` is the part that says more once the edit is made.
    """

    problem: Problem
    path: Path
    changes: tuple[Change, ...] = ()
    breaks: tuple[Path, ...] = ()
    again: Path | None = None
    is_of_name: bool = False


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a document, and how many more faults are only counted."""

    problems: tuple[Problem, ...]
    untold: int = 0


@dataclass(frozen=True, slots=True)
class _Failure:
    """What the library says about one failed keyword; `key` is the one that is missing or unknown."""

    path: Path
    keyword: str
    limit: Any
    instance: Any
    schema: Mapping[str, Any]
    is_key: bool
    key: str = ""

    @property
    def at(self) -> Path:
        """The path of what it is about."""
        if self.is_key:
            return (*self.path, self.instance)
        return (*self.path, self.key) if self.key or self.keyword in _OF_KEYS else self.path

    @property
    def known(self) -> list[str]:
        """The keys that may stand here."""
        return list(self.schema.get("properties", {}))

    @classmethod
    def of(cls, error: ValidationError) -> _Failure:
        """The same, typed."""
        schema: Any = error.schema
        steps = list(error.absolute_schema_path)
        return cls(
            tuple(error.absolute_path),
            str(error.validator),
            error.validator_value,
            error.instance,
            schema,
            steps[-2:-1] == ["propertyNames"],
        )


class ShapeChecker:
    """Holds documents against the schemas that follow from the registered field types."""

    def __init__(self, types: Mapping[str, FieldType]) -> None:
        schemas = checking_schemas(types)
        self._validators = {kind: Validator(schema) for kind, schema in schemas.items()}

    def check(self, document: SourceDocument) -> tuple[SourceDocument, Faults]:
        """The document without what is faulty in it, and every fault, as many as are told in words."""
        validator = self._validators[document.kind]
        found: list[Problem] = []
        untold = 0
        parts: frozenset[Path] = frozenset({()})
        for _ in range(_ROUNDS):
            failures = _failures(document, validator, parts) if parts else []
            if not failures:
                break
            room = max(0, PROBLEMS_PER_DOCUMENT - len(found))
            faults = list(_without_echoes(_fault(document, f) for f in failures[:room]))
            rest = {f.at: f for f in failures[room:]}.values()
            found += [f.problem for f in faults]
            untold += len(rest)
            document = _read_on(document, faults, rest)
            parts = frozenset(f.again for f in faults if f.again is not None)
        return document, Faults(tuple(found), untold)


def _failures(document: SourceDocument, validator: Any, parts: frozenset[Path]) -> list[_Failure]:
    """What fails in these parts of the document, in the order of its lines if not all of it can be told."""
    errors = (_Failure.of(e) for e in validator.iter_errors(document.raw))
    single = (one for e in errors if _is_in(e.path, parts) for one in _singly(e))
    found = list({(one.at, one.keyword): one for one in single}.values())
    if len(found) > PROBLEMS_PER_DOCUMENT:
        found.sort(key=lambda f: document.positions.key(f.at, document.raw))
    return found


def _is_in(path: Path, parts: frozenset[Path]) -> bool:
    return any(path[:length] in parts for length in range(len(path) + 1))


def _read_on(document: SourceDocument, faults: Iterable[_Fault], rest: Iterable[_Failure]) -> SourceDocument:
    """The document with what was put right or taken out; of the rest nothing is guessed."""
    changes = [change for fault in faults for change in fault.changes]
    broken = {path for fault in faults for path in fault.breaks}
    for failure in rest:
        changes += [Removal(failure.at)] if _is_taken_out(failure) else []
        broken |= {failure.at, _item(document.kind, failure.at)}
    raw, positions = mended(document.raw, document.positions, changes)
    return replace(document, raw=raw, positions=positions, broken=document.broken | broken)


def _is_taken_out(failure: _Failure) -> bool:
    return failure.keyword != "required" and (failure.is_key or failure.keyword not in _KEPT)


def _singly(failure: _Failure) -> Iterator[_Failure]:
    """The failure for each key that it is about."""
    if failure.keyword not in _OF_KEYS:
        yield failure
        return
    given = failure.instance
    if failure.keyword == "required":
        keys = [k for k in failure.limit if k not in given]
    else:
        keys = [k for k in given if k not in failure.schema.get("properties", {})]
    yield from (replace(failure, key=key) for key in keys)


def _fault(document: SourceDocument, failure: _Failure) -> _Fault | None:
    match failure.keyword:
        case "required":
            return _missing(document, failure, failure.path, failure.key)
        case "additionalProperties":
            return _unknown(document, failure, failure.path, failure.key)
        case _:
            return _wrong(document, failure, failure.path)


def _without_echoes(faults: Iterable[_Fault | None]) -> Iterator[_Fault]:
    """One fault for each place: a value of the wrong type is not also too short."""
    first: dict[Path, _Fault] = {}
    for fault in filter(None, faults):
        known = first.setdefault(fault.path, fault)
        if known.is_of_name and known is not fault:
            # A value that is faulty as well has no meaning under any name.
            breaks = (*known.breaks, *fault.breaks)
            first[fault.path] = replace(known, changes=(Removal(fault.path),), breaks=breaks)
    yield from first.values()


def _missing(document: SourceDocument, error: _Failure, path: Path, key: str) -> _Fault | None:
    """The fault that the key is missing, unless another one looks as if it were meant."""
    if near_names(key, [k for k in error.instance if k not in error.known]):
        return None
    message = f'The key "{key}" is missing{_in(path)}.'
    hint = str(error.schema.get("properties", {}).get(key, {}).get("description", ""))
    problem = Problem("M111", message, hint or f"Add {key}.", document.key_at(path))
    return _Fault(problem, (*path, key), breaks=(_item(document.kind, path) if path else (key,),))


def _unknown(document: SourceDocument, error: _Failure, path: Path, key: str) -> _Fault:
    where = document.key_at((*path, key))
    if error.instance[key] is None and _EXPRESSION_REST.search(key):
        before = takewhile(lambda k: k != key, error.instance)
        whole = ([k for k in before if k in error.known] or [""])[-1]
        return _expression_rest(document, path, key, whole, where)
    return _unknown_key(document, path, key, error.known, where, error)


def _expression_rest(document: SourceDocument, path: Path, key: str, whole: str, where: Place) -> _Fault:
    """What stands before the stray key is half an expression, so it goes too."""
    message = f'The key "{key}" looks like the rest of an expression.'
    hint = "Inside { } put the whole expression in quotes, for a comma ends it otherwise."
    gone = [Removal((*path, key)), *([Removal((*path, whole))] if whole else [])]
    breaks = _broken_by(document.kind, (*path, whole)) if whole else ()
    return _Fault(Problem("M119", message, hint, where), (*path, key), tuple(gone), breaks)


def _unknown_key(
    document: SourceDocument, path: Path, key: str, known: list[str], where: Place, error: _Failure
) -> _Fault:
    at = (*path, key)
    if document.kind == "lifecycle" and key in LATER_KEYS:
        problem = Problem(
            "M108", f'This version of xrm does not run "{key}" of a transition.', "Take it out.", where
        )
        return _Fault(problem, at, (Removal(at),))
    free = [k for k in (*error.schema.get("x-near", ()), *known) if k not in error.instance]
    problem = Problem("M110", f'The key "{key}" is not known{_in(path)}.', near_hint(key, free), where)
    meant = meant_by(key, free)
    if meant in _STRUCTURAL or (meant and meant in error.schema.get("required", ())):
        return _Fault(problem, at, (Renaming(at, meant),), again=path)
    near = near_names(key, free)[:1]
    breaks = tuple(p for n in near for p in _broken_by(document.kind, (*path, n)))
    return _Fault(problem, at, (Removal(at),), breaks)


def _broken_by(kind: str, path: Path) -> tuple[Path, ...]:
    """What has no meaning when the value at `path` has none."""
    item = _item(kind, path)
    inside = path[len(item) :]
    return (item,) if inside and inside[0] in _DEFINING else (path,)


def _in(path: Path) -> str:
    words = [str(p) for p in path if not isinstance(p, int)]
    return f" in {'.'.join(words)}" if words else ""


def _wrong(document: SourceDocument, error: _Failure, path: Path) -> _Fault:
    if error.is_key:
        return _wrong_name(document, error, path)
    if error.keyword == "x-later":
        message = f'This version of xrm does not carry out "{path[-1]}".'
        return _Fault(Problem("M108", message, error.limit, document.key_at(path)), path, (Removal(path),))
    twice = second(error.instance) if error.keyword == "uniqueItems" else None
    at = path if twice is None else (*path, twice)
    problem = Problem(*_words(error, path), document.at(at))
    if error.keyword in _KEPT:
        return _Fault(problem, at, breaks=_broken_by(document.kind, path))
    meant = _value_meant(error)
    if problem.code == "M108" and path[-1] == "type":  # what else it says is of that type, too
        item = _item(document.kind, path)
        return _Fault(problem, at, (Removal(item),), (item,))
    is_choice = problem.code == "M117" or (path[-1:] == ("type",) and error.schema == {"type": "string"})
    again = path[:-1] if is_choice else None
    if meant is not None:
        return _Fault(problem, at, (Replacement(at, meant),), again=again)
    if twice is not None:
        return _Fault(problem, at, (Removal(at),))
    return _Fault(problem, at, (Removal(at),), _broken_by(document.kind, path), again)


def _value_meant(error: _Failure) -> Any:
    """The value that the author surely meant; None if that cannot be told."""
    if error.keyword == "enum" and error.path[-1:] == ("ownership",):
        return "user_or_team"  # which allows all that the others allow
    if error.keyword == "enum" and isinstance(error.instance, str):
        return meant_by(error.instance, [str(v) for v in error.limit]) or None
    if error.keyword == "type" and error.limit == "boolean":
        return flag_meant_by(error.instance)
    if error.keyword == "pattern" and error.limit == NAME_PATTERN:
        return name_meant_by(error.instance, error.schema.get("maxLength", MAX_MEMBER)) or None
    return None


def _wrong_name(document: SourceDocument, error: _Failure, path: Path) -> _Fault:
    """What has a faulty name is judged under the name that was meant, or under the faulty one."""
    word = error.instance
    at = (*path, word)
    problem = Problem(*_words(error, at), document.key_at(at))
    if error.keyword == "maxLength":
        return _Fault(problem, at, is_of_name=True)
    container = _container(document.raw, path)
    if error.limit != NAME_PATTERN:
        none_is_left = not any(re.search(error.limit, key) for key in container)
        return _Fault(problem, at, (Removal(at),), _broken_by(document.kind, path) if none_is_left else ())
    meant = name_meant_by(word, error.schema.get("maxLength", MAX_MEMBER))
    is_free = bool(meant) and isinstance(container, dict) and meant not in container
    return _Fault(problem, at, (Renaming(at, meant),) if is_free else (), breaks=(at,), is_of_name=True)


def _container(raw: Any, path: Path) -> Any:
    for step in path:
        raw = raw[step]
    return raw


def _words(error: _Failure, path: Path) -> tuple[str, str, str]:
    """Code, message and hint for a failed keyword."""
    limit, instance = error.limit, error.instance
    what = f'"{path[-1]}"' if path and isinstance(path[-1], str) else "This"
    match error.keyword:
        case "type":
            return (
                "M112",
                f"{what} must be {_types(limit)}; it is {_type_of(instance)}.",
                _type_hint(limit, instance),
            )
        case "enum":
            return _enum(error, instance, [str(v) for v in limit])
        case "pattern":
            return "M114", *_pattern(limit, instance)
        case "minLength" | "minItems" | "minProperties":
            return "M115", f"{what} must not be empty.", "Give it a value, or leave the key out."
        case "maxLength":
            return "M115", f"{what} may have {limit} characters; it has {len(instance)}.", "Shorten it."
        case "minimum":
            return "M115", f"{what} must be at least {limit}.", f"It is {instance}."
        case "maximum":
            return "M115", f"{what} must be at most {limit}.", f"It is {instance}."
        case "maxItems":
            return "M115", f"{what} may have {limit} items; it has {len(instance)}.", "Take some out."
        case "uniqueItems":
            return "M116", f"{what} holds the same item twice.", "Keep one of them."
        case _:
            return "M113", f"{what} is not allowed here.", "See the reference of this kind of document."


def _enum(error: _Failure, word: Any, known: list[str]) -> tuple[str, str, str]:
    kind = error.schema.get("x-word", "")
    if kind == "type of view" and word in LATER_VIEWS:
        hint = f"Choose one of {', '.join(CARRIED_OUT)}, or take the view out."
        return "M108", f'This version of xrm does not carry out views of the type "{word}".', hint
    if kind == "field type" and word in LATER_TYPES:
        return (
            "M108",
            f'This version of xrm does not compute fields of the type "{word}".',
            "Take the field out.",
        )
    if kind:
        return "M117", f'There is no {kind} "{word}".', near_hint(str(word), known)
    return (
        "M113",
        f'"{word}" is none of: {", ".join(known)}.',
        near_hint(str(word), known, "Choose one of them."),
    )


PATTERNS: Final[Mapping[str, tuple[str, str]]] = {
    NAME_PATTERN: (
        "is not a name",
        "Write names in lower case, with single underscores between words, as in due_at.",
    ),
    OPTION_PATTERN: ("is not an option's key", "Use letters, digits and underscores, as in net30."),
    LANGUAGE_PATTERN: ("is not a language", "Write a language as en or pt-BR."),
    CODE_PATTERN: (
        "is not the code of a refusal",
        "Write it as in A102; the reference of problems lists them.",
    ),
    VERSION_PATTERN: ("is not a version", "Write three numbers with dots, as in 1.0.0."),
    r"^(count\(\)|(count|sum|avg|min|max)\([a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\))$": (
        "is not an aggregate",
        "Write count(), or sum, avg, min or max of a field, as in sum(amount).",
    ),
    r"^-?[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$": (
        "is not the name of a field",
        "Write names in lower case, along a relationship with a dot, as in account.name.",
    ),
    "^[A-Z]{2}$": ("is not a country's code", "Write its two capital letters, as in PT."),
    "^[A-Z]{3}$": ("is not a currency's code", "Write its three capital letters, as in EUR."),
    "^[A-Za-z0-9][A-Za-z0-9_.-]*$": (
        "is not a name of a record",
        "Use letters, digits and . _ - , a letter or digit first.",
    ),
    r"^[a-z]+(\.[A-Za-z0-9_+-]+)+$": (
        "is not a path to a text",
        "Write it with dots, as in entities.account.fields.name.label.",
    ),
    r"^[a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)$": (
        "is not a type of files",
        "Write it as application/pdf, or image/* for all of a kind.",
    ),
    "^[a-z][a-z0-9-]*$": ("is not an icon's name", "Write it in lower case, with hyphens, as in building-2."),
}


def _pattern(pattern: str, instance: Any) -> tuple[str, str]:
    what, hint = PATTERNS[pattern]
    return f'"{instance}" {what}.', hint


def _types(wanted: str | list[str]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join(_WORDS[n] for n in names if n != "null" or len(names) == 1)


def _type_of(instance: Any) -> str:
    match instance:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case str():
            return "text"
        case dict():
            return "a map"
        case list():
            return "a list"
        case _:
            return "a number"


def _type_hint(wanted: str | list[str], instance: Any) -> str:
    if "string" in wanted and isinstance(instance, bool | int | Decimal):
        return "Put it in quotes."
    if "boolean" in wanted and isinstance(instance, str):
        return "Write true or false, in lower case and without quotes."
    return "Give it a value, or leave the key out." if instance is None else "See the reference of this kind."


def _item(kind: str, path: Path) -> Path:
    """The path of the smallest named thing around `path`, which is broken when something in it is."""
    if kind == "form":
        return path[:3] if len(path) > 2 and path[1] == "sections" else path[:1]
    if kind == "role":
        return path[:3] if len(path) > 2 and path[1] == "grants" else path[:1]
    if not path:
        return ()
    if path[0] == "relationships" and len(path) > 3 and path[2] == "attributes":
        return path[:4]
    return path[: _DEPTHS.get(kind, {}).get(str(path[0]), 1)]
