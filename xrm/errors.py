"""The words in which xrm refuses: problems with code, message, hint and place, and the states of the world.

This module is a leaf: it imports the standard library only, and everything else may import it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Place:
    """Where a problem is: a file position (1-based line and column) or a path inside a request.

    `path` is a dotted path of keys with list indexes in brackets, as in `lines[2].quantity`. In an expression, `within`
    is the number of the character that it is about, counted from 1.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    within: int = field(default=0, compare=False)

    def __str__(self) -> str:
        if not self.file:
            return self.path
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


NOWHERE = Place()


class About(NamedTuple):
    """A record that a problem is about, and that whoever is told may read."""

    entity: str
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, said so that its author can mend it.

    `code` is stable and listed in the reference of problems; `message` says what is wrong in one sentence; `hint` says
    what to do, and may be empty only where the message already does; `where` is the place. `records` are those that it
    is about, besides the one at that place.
    """

    code: str
    message: str
    hint: str = ""
    where: Place = NOWHERE
    records: tuple[About, ...] = ()

    def at(self, where: Place) -> Problem:
        """The same problem at another place."""
        return replace(self, where=where)

    def about(self, records: Iterable[About]) -> Problem:
        """The same problem, about these records."""
        return replace(self, records=tuple(records))

    def under(self, prefix: str) -> Problem:
        """The same problem with its request path below `prefix`."""
        path = self.where.path
        joined = prefix if not path else f"{prefix}{path}" if path.startswith("[") else f"{prefix}.{path}"
        return replace(self, where=replace(self.where, path=joined))

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{place}{self.code} {self.message}{hint}"


class XrmError(Exception):
    """A refusal that a caller can understand; carries a stable code and every problem found."""

    code = "R100"
    title = "Refused"

    def __init__(
        self, problems: Iterable[Problem] | Problem, *, facts: Mapping[str, object] | None = None
    ) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.facts: Mapping[str, object] = MappingProxyType(dict(facts or {}))
        super().__init__("; ".join(str(p) for p in self.problems))

    @property
    def first(self) -> Problem:
        """The problem to name when there is room for one."""
        return self.problems[0] if self.problems else Problem(self.code, self.title)


class Unreadable(XrmError):
    """The input cannot be parsed at all (400)."""

    code, title = "R101", "Cannot be read"


class Invalid(XrmError):
    """The input was understood and breaks a rule (422)."""

    code, title = "R102", "Invalid"


class NotSignedIn(XrmError):
    """No valid credentials came with the request (401)."""

    code, title = "A101", "Not signed in"


class Forbidden(XrmError):
    """The thing is known to exist for this actor, and this act is not granted (403)."""

    code, title = "A102", "Not allowed"


class NotFound(XrmError):
    """The thing does not exist, or this actor may not know of it (404, one shape)."""

    code, title = "R104", "Not found"


class Conflict(XrmError):
    """The state of the world stands against it: unique key, state, running job (409)."""

    code, title = "R109", "Conflict"


def is_overtaken(error: XrmError) -> bool:
    """Whether definitions changed while this was under way, so that it can be done by those of now."""
    return isinstance(error, Conflict) and "retry_after" in error.facts


class Stale(Conflict):
    """The record has another version than the caller holds (412)."""

    code, title = "R112", "Changed meanwhile"


class TooLarge(XrmError):
    """A published limit was passed; `facts["limit"]` names it (413)."""

    code, title = "R113", "Too large"


class WrongType(XrmError):
    """The body has a media type that is not understood here (415)."""

    code, title = "R115", "Unsupported media type"


class TooMany(XrmError):
    """Too many requests; `facts["retry_after"]` holds seconds (429)."""

    code, title = "A129", "Too many requests"


class Unavailable(XrmError):
    """A dependency failed, a migration runs or time is up; `facts["retry_after"]` holds seconds (503)."""

    code, title = "R153", "Unavailable"


class MetadataInvalid(XrmError):
    """The documents do not make a model; every problem is listed."""

    code, title = "M100", "Definitions are invalid"


class PlanRefused(XrmError):
    """The schema plan cannot be applied as it is."""

    code, title = "S100", "Plan refused"


class PlanChanged(PlanRefused):
    """What would be carried out is another plan than the one that was confirmed."""


@dataclass(slots=True)
class Problems:
    """Collects problems while a stage looks at everything; the one mutable value of this module."""

    found: list[Problem] = field(default_factory=list)

    def add(self, code: str, message: str, hint: str = "", where: Place = NOWHERE) -> None:
        """One more problem is known."""
        self.found.append(Problem(code, message, hint, where))

    def extend(self, problems: Iterable[Problem]) -> None:
        """All of these are known too."""
        self.found.extend(problems)

    def __bool__(self) -> bool:
        return bool(self.found)
