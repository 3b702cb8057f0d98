"""What an installation is made of besides definitions: the registries, filled once and then frozen.

Built-ins and packages from outside use the same door: a function that takes `Extensions` and registers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from xrm.errors import Problem, XrmError
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.fieldtypes.builtins import BUILTIN_TYPES
from xrm.registry import NameTaken, Registry

GROUP = "xrm.extensions"


class ExtensionInvalid(XrmError):
    """A package that extends xrm cannot be loaded; every one that cannot is listed."""

    code, title = "E100", "An extension cannot be loaded"


@dataclass(frozen=True, slots=True)
class Extensions:
    """Everything that has been registered, by kind. Frozen by `load_extensions`."""

    field_types: Registry[FieldType] = field(default_factory=lambda: Registry("field type"))

    @property
    def types(self) -> Mapping[str, FieldType]:
        """The field types by name."""
        return {name: self.field_types[name] for name in self.field_types}

    def freeze(self) -> None:
        """Nothing more can be registered, of any kind."""
        self.field_types.freeze()


Contribution = Callable[[Extensions], object]


def register_builtins(extensions: Extensions) -> None:
    """What every installation has is registered."""
    for type_ in BUILTIN_TYPES:
        extensions.field_types.register(type_.name, type_)


BUILTINS: tuple[Contribution, ...] = (register_builtins,)


def load_extensions(found: Iterable[EntryPoint] | None = None) -> Extensions:
    """The built-ins, then what installed packages register, frozen; raises ExtensionInvalid."""
    extensions = Extensions()
    for contribute in BUILTINS:
        contribute(extensions)
    points = _declared() if found is None else found
    problems = [p for point in sorted(points, key=lambda e: e.name) if (p := _contribute(point, extensions))]
    if problems:
        raise ExtensionInvalid(problems)
    extensions.freeze()
    return extensions


@cache
def _declared() -> tuple[EntryPoint, ...]:
    """What installed packages declare; looked for once, since the files of every package are read for it."""
    return tuple(entry_points(group=GROUP))


def _contribute(point: EntryPoint, extensions: Extensions) -> Problem | None:
    """What the package registers is registered; else the problem that says why not."""
    hint = f"Mend or remove the package that declares the entry point {point.value!r}."
    try:
        contribute = point.load()
    except (ImportError, AttributeError) as error:
        return Problem("E101", f'The extension "{point.name}" cannot be imported: {error}.', hint)
    if not callable(contribute):
        return Problem("E102", f'The extension "{point.name}" is not a function.', hint)
    try:
        contribute(extensions)
    except NameTaken as error:
        return Problem("E103", f'The extension "{point.name}" registers what is there: {error}', hint)
    return None
