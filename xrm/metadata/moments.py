"""Days and instants of seeds that are said by when the seed is planted, as in `today() - 12 days`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from xrm.errors import NOWHERE, Place, Problem
from xrm.metadata.expressions.check import check
from xrm.metadata.expressions.compile import compile_python
from xrm.metadata.expressions.environment import Context, RecordEnv
from xrm.metadata.expressions.scope import Scope
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.expressions.types import DATE, DATETIME, Attribute, Type

_TYPES: Final[Mapping[str, Type]] = MappingProxyType({"date": DATE, "datetime": DATETIME})
_SCOPE = Scope(actor=False, paths=False)


class _NoNames:
    """The record is being made, so its values have no names yet."""

    def attribute(self, entity: str, name: str) -> Attribute | None:
        """Nothing has a name."""
        return None

    def entity_called(self, name: str) -> str:
        """No name is a former one."""
        return name

    def part(self, entity: str, attribute: Attribute, name: str) -> Attribute | None:
        """Nothing has parts."""
        return None

    def attribute_names(self, entity: str) -> Iterable[str]:
        """Nothing to be meant."""
        return ()


def is_moment(field_type: str, value: Any) -> bool:
    """True for a value of a date or datetime that is an expression; every function is written with a bracket."""
    return field_type in _TYPES and isinstance(value, str) and "(" in value


def moment(field_type: str, text: str, place: Place = NOWHERE) -> Expression | tuple[Problem, ...]:
    """The expression, which knows today() and now() and no record, or every problem in it."""
    found = _judged(field_type, text)
    return replace(found, place=place) if found else _check(field_type, text, place)


# The same few moments stand in most records of a demo, and reading one is a third of what a record costs at a start.
@lru_cache(maxsize=4096)
def _judged(field_type: str, text: str) -> Expression | None:
    """The expression wherever it stands; None for one with problems, which have places."""
    found = _check(field_type, text, NOWHERE)
    return found if isinstance(found, Expression) else None


def _check(field_type: str, text: str, place: Place) -> Expression | tuple[Problem, ...]:
    return check(text, "", _NoNames(), scope=_SCOPE, expect=_TYPES[field_type], place=place)


def moved(field_type: str, text: str, context: Context) -> str:
    """The day or instant that a checked expression gives in this context, as JSON has it."""
    found = moment(field_type, text)
    if not isinstance(found, Expression):
        raise AssertionError("unreachable: the definitions were checked before they were installed")
    value = compile_python(found)(RecordEnv(""), context)
    return str(value.isoformat())
