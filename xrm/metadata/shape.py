"""Documents against the schema of their kind: every fault becomes a problem in our words at the right place.

What is faulty is put right where it is plain what was meant, and else taken out of the document, as little as
possible. What has no meaning then is kept in `broken`, so that later stages judge all else and do not complain
again about the same mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Final

from xrm.errors import Place, Problem
from xrm.metadata.documents import SourceDocument
from xrm.metadata.failures import OF_KEYS, Failure, words_of
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
from xrm.metadata.names import MAX_MEMBER, NAME_PATTERN, near_hint
from xrm.metadata.positions import Path
from xrm.metadata.schemas import checking_schemas
from xrm.metadata.sources import Layer
from xrm.registry import near_names

# Keys of transitions that this version does not run yet.
LATER_KEYS: Final = ("do", "after", "approval")
# Without one of these an item has no meaning.
_DEFINING: Final = frozenset(
    {"type", "from", "to", "must", "each", "match", "fields", "entity", "ref", "options"}
)
# Keys on which the meaning of other things hangs: a misspelt one is read as what was meant.
_STRUCTURAL: Final = _DEFINING | {
    "can", "rows", "sections", "states", "transitions", "records", "values", "people", "users", "grants",
    "relationships", "keys", "duplicates", "match", "rules", "indexes", "forms", "views", "attributes", "many", "valid",
    "owned", "via", "inverse", "abstract", "like", "ownership", "title", "initial", "filter", "columns",
    "requires", "optional", "pack", "extend", "version", "except", "portal",
}  # fmt: skip
# How often a document is looked at again after something in it was put right.
_ROUNDS: Final = 6
# What is only too long is still what it is.
_KEPT: Final = frozenset({"maxLength", "maxItems", "minItems", "maximum", "minimum", "minProperties"})
_EXPRESSION_REST = re.compile(r"""[()\[\]"'=<>*/+]|\s|\.[a-z]""")

# How deep below the document the smallest thing with a name of its own lies, by kind and first key.
_DEPTHS: Final[Mapping[str, Mapping[str, int]]] = {
    "entity": {"fields": 2, "relationships": 2, "keys": 2, "duplicates": 2, "rules": 2},
    "extend": {
        "fields": 2,
        "relationships": 2,
        "keys": 2,
        "duplicates": 2,
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


def _failures(document: SourceDocument, validator: Any, parts: frozenset[Path]) -> list[Failure]:
    """What fails in these parts of the document, in the order of its lines if not all of it can be told."""
    errors = (Failure.of(e) for e in validator.iter_errors(document.raw))
    single = (
        one
        for e in errors
        if _is_in(e.path, parts)
        for one in _singly(e)
        if not _is_said_below(document, one)
    )
    found = list({(one.at, one.keyword): one for one in single}.values())
    if len(found) > PROBLEMS_PER_DOCUMENT:
        found.sort(key=lambda f: document.positions.key(f.at, document.raw))
    return found


def _is_said_below(document: SourceDocument, failure: Failure) -> bool:
    """Whether what is missing is said by the pack whose setting is given another value."""
    is_of_setting = document.kind == "settings" and document.layer is Layer.CUSTOMISATION
    return is_of_setting and failure.keyword == "required"


def _is_in(path: Path, parts: frozenset[Path]) -> bool:
    return any(path[:length] in parts for length in range(len(path) + 1))


def _read_on(document: SourceDocument, faults: Iterable[_Fault], rest: Iterable[Failure]) -> SourceDocument:
    """The document with what was put right or taken out; of the rest nothing is guessed."""
    changes = [change for fault in faults for change in fault.changes]
    broken = {path for fault in faults for path in fault.breaks}
    for failure in rest:
        changes += [Removal(failure.at)] if _is_taken_out(failure) else []
        broken |= {failure.at, _item(document.kind, failure.at)}
    raw, positions = mended(document.raw, document.positions, changes)
    return replace(document, raw=raw, positions=positions, broken=document.broken | broken)


def _is_taken_out(failure: Failure) -> bool:
    return failure.keyword != "required" and (failure.is_key or failure.keyword not in _KEPT)


def _singly(failure: Failure) -> Iterator[Failure]:
    """The failure for each key that it is about."""
    if failure.keyword not in OF_KEYS:
        yield failure
        return
    given = failure.instance
    if failure.keyword == "required":
        keys = [k for k in failure.limit if k not in given]
    else:
        keys = [k for k in given if k not in failure.schema.get("properties", {})]
    yield from (replace(failure, key=key) for key in keys)


def _fault(document: SourceDocument, failure: Failure) -> _Fault | None:
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


def _missing(document: SourceDocument, error: Failure, path: Path, key: str) -> _Fault | None:
    """The fault that the key is missing, unless another one looks as if it were meant."""
    if near_names(key, [k for k in error.instance if k not in error.known]):
        return None
    message = f'The key "{key}" is missing{_in(path)}.'
    hint = str(error.schema.get("properties", {}).get(key, {}).get("description", ""))
    problem = Problem("M111", message, hint or f"Add {key}.", document.key_at(path))
    return _Fault(problem, (*path, key), breaks=(_item(document.kind, path) if path else (key,),))


def _unknown(document: SourceDocument, error: Failure, path: Path, key: str) -> _Fault:
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
    document: SourceDocument, path: Path, key: str, known: list[str], where: Place, error: Failure
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


def _wrong(document: SourceDocument, error: Failure, path: Path) -> _Fault:
    if error.is_key:
        return _wrong_name(document, error, path)
    if error.keyword == "x-later":
        message = f'This version of xrm does not carry out "{path[-1]}".'
        return _Fault(Problem("M108", message, error.limit, document.key_at(path)), path, (Removal(path),))
    twice = second(error.instance) if error.keyword == "uniqueItems" else None
    at = path if twice is None else (*path, twice)
    problem = Problem(*words_of(error, path), document.at(at))
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


def _value_meant(error: Failure) -> Any:
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


def _wrong_name(document: SourceDocument, error: Failure, path: Path) -> _Fault:
    """What has a faulty name is judged under the name that was meant, or under the faulty one."""
    word = error.instance
    at = (*path, word)
    problem = Problem(*words_of(error, at), document.key_at(at))
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
