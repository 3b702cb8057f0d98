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
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from xrm.errors import Place, Problem
from xrm.metadata.documents import SourceDocument
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.limits import PROBLEMS_PER_DOCUMENT
from xrm.metadata.mending import Edit, flag_meant_by, meant_by, mended, name_meant_by
from xrm.metadata.names import LANGUAGE_PATTERN, MAX_MEMBER, NAME_PATTERN, OPTION_PATTERN, near_hint
from xrm.metadata.positions import Path
from xrm.metadata.schemas import checking_schemas
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
    edits: tuple[Edit, ...] = ()
    breaks: tuple[Path, ...] = ()
    again: Path | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """What the library says about one failed keyword."""

    path: Path
    keyword: str
    limit: Any
    instance: Any
    schema: Mapping[str, Any]
    is_key: bool

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
        self._validators = {kind: _Validator(schema) for kind, schema in schemas.items()}

    def check(self, document: SourceDocument) -> tuple[SourceDocument, tuple[Problem, ...]]:
        """The document without what is faulty in it, and every fault."""
        validator = self._validators[document.kind]
        found: list[Problem] = []
        parts: tuple[Path, ...] = ((),)
        for _ in range(_ROUNDS):
            errors = [_Failure.of(e) for e in validator.iter_errors(document.raw)] if parts else []
            faults = list(_without_echoes(_faults(document, [e for e in errors if _is_in(e.path, parts)])))
            if not faults:
                break
            found += [f.problem for f in faults]
            document = _read_on(document, faults)
            parts = tuple(f.again for f in faults if f.again is not None)
        problems = sorted(found, key=lambda p: (p.where.line, p.where.column))
        return document, _capped(problems) if problems else ()


def _is_in(path: Path, parts: Iterable[Path]) -> bool:
    return any(path[: len(part)] == part for part in parts)


def _read_on(document: SourceDocument, faults: Iterable[_Fault]) -> SourceDocument:
    """The document with what was put right or taken out."""
    edits = [edit for fault in faults for edit in fault.edits]
    broken = {path for fault in faults for path in fault.breaks}
    raw, positions = mended(document.raw, document.positions, edits)
    return replace(document, raw=raw, positions=positions, broken=document.broken | broken)


def _capped(problems: list[Problem]) -> tuple[Problem, ...]:
    rest = len(problems) - PROBLEMS_PER_DOCUMENT
    if rest <= 0:
        return tuple(problems)
    more = Problem(
        "M104", f"The file has {rest} more problems of shape.", "Mend these first.", problems[0].where
    )
    return (*problems[:PROBLEMS_PER_DOCUMENT], more)


def _by_type(
    validator: Any, choice: Mapping[str, Any], instance: Any, schema: Any
) -> Iterator[ValidationError]:
    """Holds an item against the one schema of its type: faster than a union, and clearer in what it says."""
    if not isinstance(instance, dict):
        yield from validator.descend(instance, {"type": "object"})
        return
    variants: Mapping[str, Any] = choice["variants"]
    word = instance.get(choice["key"])
    if word is None:
        yield from validator.descend(
            instance, variants["from" if "from" in instance and "from" in variants else ""]
        )
    elif not isinstance(word, str):
        yield from validator.descend(word, {"type": "string"}, path=choice["key"])
    elif word in variants and word not in ("", "from"):
        yield from validator.descend(instance, variants[word])
    else:
        known = [v for v in variants if v not in ("", "from")]
        yield from validator.descend(word, {"enum": known, "x-word": choice["word"]}, path=choice["key"])


def _later(validator: Any, hint: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """Refuses a word of the language that this version does not carry out."""
    yield ValidationError(hint)


# The library has no types here.
_extended: Any = extend
_Validator: Any = _extended(Draft202012Validator, {"x-by-type": _by_type, "x-later": _later})


def _faults(document: SourceDocument, errors: Iterable[_Failure]) -> Iterator[_Fault]:
    seen_required: set[Path] = set()
    for error in errors:
        path = error.path
        if error.keyword == "required":
            if path not in seen_required:
                seen_required.add(path)
                yield from _missing(document, error, path)
        elif error.keyword == "additionalProperties":
            yield from _unknown(document, error, path)
        else:
            yield _wrong(document, error, path)


def _without_echoes(faults: Iterable[_Fault]) -> Iterator[_Fault]:
    """One fault for each place: a value of the wrong type is not also too short."""
    seen: set[Path] = set()
    for fault in faults:
        if fault.path not in seen:
            seen.add(fault.path)
            yield fault


def _missing(document: SourceDocument, error: _Failure, path: Path) -> Iterator[_Fault]:
    wanted: list[str] = list(error.limit)
    given = error.instance
    extras = [k for k in given if k not in error.schema.get("properties", {})]
    for key in wanted:
        if key in given or near_names(key, extras):
            continue
        message = f'The key "{key}" is missing{_in(path)}.'
        hint = str(error.schema.get("properties", {}).get(key, {}).get("description", ""))
        problem = Problem("M111", message, hint or f"Add {key}.", document.key_at(path))
        yield _Fault(problem, (*path, key), breaks=(_item(document.kind, path) if path else (key,),))


def _unknown(document: SourceDocument, error: _Failure, path: Path) -> Iterator[_Fault]:
    known = list(error.schema.get("properties", {}))
    whole = ""
    for key, value in error.instance.items():
        if key in known:
            whole = key
            continue
        where = document.key_at((*path, key))
        if value is None and _EXPRESSION_REST.search(key):
            yield _expression_rest(document, path, key, whole, where)
        else:
            yield _unknown_key(document, path, key, known, where, error)


def _expression_rest(document: SourceDocument, path: Path, key: str, whole: str, where: Place) -> _Fault:
    """What stands before the stray key is half an expression, so it goes too."""
    message = f'The key "{key}" looks like the rest of an expression.'
    hint = "Inside { } put the whole expression in quotes, for a comma ends it otherwise."
    gone = [Edit((*path, key)), *([Edit((*path, whole))] if whole else [])]
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
        return _Fault(problem, at, (Edit(at),))
    free = [k for k in known if k not in error.instance]
    problem = Problem("M110", f'The key "{key}" is not known{_in(path)}.', near_hint(key, free), where)
    meant = meant_by(key, free)
    if meant in _STRUCTURAL or (meant and meant in error.schema.get("required", ())):
        return _Fault(problem, at, (Edit(at, name=meant),), again=path)
    near = near_names(key, free)[:1]
    breaks = tuple(p for n in near for p in _broken_by(document.kind, (*path, n)))
    return _Fault(problem, at, (Edit(at),), breaks)


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
        return _Fault(Problem("M108", message, error.limit, document.key_at(path)), path, (Edit(path),))
    second = _second(error.instance) if error.keyword == "uniqueItems" else None
    at = path if second is None else (*path, second)
    problem = Problem(*_words(error, path), document.at(at))
    if error.keyword in _KEPT:
        return _Fault(problem, at, breaks=_broken_by(document.kind, path))
    meant = _value_meant(error)
    if problem.code == "M108" and path[-1] == "type":  # what else it says is of that type, too
        item = _item(document.kind, path)
        return _Fault(problem, at, (Edit(item),), (item,))
    is_choice = problem.code == "M117" or (path[-1:] == ("type",) and error.schema == {"type": "string"})
    again = path[:-1] if is_choice else None
    if meant is not None:
        return _Fault(problem, at, (Edit(at, value=meant),), again=again)
    if second is not None:
        return _Fault(problem, at, (Edit(at),))
    return _Fault(problem, at, (Edit(at),), _broken_by(document.kind, path), again)


# What is only too long is still what it is.
_KEPT: Final = frozenset({"maxLength", "maxItems", "minItems", "maximum", "minimum", "minProperties"})


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
        return _Fault(problem, at)
    if error.limit != NAME_PATTERN:
        return _Fault(problem, at, (Edit(at),))
    meant = name_meant_by(word, error.schema.get("maxLength", MAX_MEMBER))
    container = _container(document.raw, path)
    is_free = bool(meant) and isinstance(container, dict) and meant not in container
    return _Fault(problem, at, (Edit(at, name=meant),) if is_free else (), breaks=(at,))


def _container(raw: Any, path: Path) -> Any:
    for step in path:
        raw = raw[step]
    return raw


def _second(items: list[Any]) -> int:
    """The index of the first item that stands in the list before."""
    return next((i for i, item in enumerate(items) if item in items[:i]), 0)


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


_PATTERNS: Final[Mapping[str, tuple[str, str]]] = {
    NAME_PATTERN: (
        "is not a name",
        "Write names in lower case, with single underscores between words, as in due_at.",
    ),
    OPTION_PATTERN: ("is not an option's key", "Use letters, digits and underscores, as in net30."),
    LANGUAGE_PATTERN: ("is not a language", "Write a language as en or pt-BR."),
}


def _pattern(pattern: str, instance: Any) -> tuple[str, str]:
    what, hint = _PATTERNS.get(
        pattern, ("has not the form that is needed here", f"It must match {pattern} .")
    )
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
