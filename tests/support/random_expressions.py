"""Random well-typed expressions, as text, over the world of `expression_world`.

Attributes come from the names of the model and functions from the function table, so that whatever is added
to either is drawn here too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from tests.support.expression_world import COLOURS, STAGES, TEXTS
from xrm.metadata.expressions.functions import FUNCTIONS
from xrm.metadata.expressions.signatures import Argument, Function
from xrm.metadata.expressions.types import NUMBERS, Attribute, Kind, Type
from xrm.metadata.typing_scope import ModelNames

LEVELS = 3
MANY_LEVELS = 2
ORDERED = (Kind.INTEGER, Kind.DECIMAL, Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.DURATION)
KINDS = (*ORDERED, Kind.TEXT, Kind.CHOICE, Kind.BOOLEAN, Kind.REFERENCE)
REFERABLE = ("account", "contact", "deal")
PARTS = {
    "amount": (Kind.DECIMAL, ("amount", "base")),
    "euro": (Kind.DECIMAL, ("amount",)),
    "fee": (Kind.DECIMAL, ("base",)),
    "person": (Kind.TEXT, ("first", "last")),
}
SHARED = {Kind.TEXT: "name", Kind.DATE: "since", Kind.INTEGER: "score"}
COMBINING = '"\u0301"'  # folds to nothing
FOLDED = ("contains", "starts_with", "ends_with", "same_text")
OF_THEIR_ARGUMENTS = ("abs", "round", "round_up", "round_down", "mod", "power")
NUMERIC = (Kind.INTEGER, Kind.DECIMAL)
SPICE = (
    '"a"', '" "', '"A"', '"ß"', '"ς Ά"', '"  x \u00a0 y\t"', '"12.50"', '"-7"', '"1e3"', "text(record.price)", '"日"',
)  # fmt: skip
PATTERNS = ("YYYY-MM-DD", "D/M/YY", "DD.MM. YYYY", "YYYYMMDD", "M", "D_M, YY:")


class Writer:
    """Writes one expression after another about deals."""

    def __init__(self, rng: random.Random, names: ModelNames) -> None:
        self.rng, self._names = rng, names
        self._entity, self._many = "deal", 0
        self._makers: dict[Kind, tuple[Callable[[int], str], ...]] = {
            Kind.BOOLEAN: (
                self._compare,
                self._compare,
                self._logic,
                self._listed,
                self._emptiness,
                self._any,
            ),
            Kind.INTEGER: (self._whole, self._count),
            Kind.DECIMAL: (self._decimal, self._decimal),
            Kind.DATE: (self._day,),
            Kind.DATETIME: (self._moment,),
            Kind.DURATION: (self._span,),
            Kind.TEXT: (self._joined, self._texts),
        }

    def expression(self, levels: int = LEVELS) -> str:
        """A well-typed expression of any kind; half of them are conditions."""
        kind = Kind.BOOLEAN if self.rng.random() < 0.5 else self.rng.choice(KINDS)
        return self._of(kind, self.rng.randint(1, levels))

    def _of(self, kind: Kind, level: int) -> str:
        if kind is Kind.REFERENCE:
            return self._record(self.rng.choice([*REFERABLE, "user"]), level)
        roll, makers = self.rng.random(), self._makers.get(kind, ())
        if level <= 0 or roll < 0.25:
            return self._leaf(kind)
        if roll < 0.33:
            then, otherwise = self._of(kind, level - 1), self._of(kind, level - 1)
            if roll < 0.28:
                cases = (_quoted(self.rng.choice(STAGES)) for _ in range(2))
                return f"switch(record.stage, {next(cases)}, {then}, {next(cases)}, {otherwise}, {self._leaf(kind)})"
            return f"({then} if {self._of(Kind.BOOLEAN, level - 1)} else {otherwise})"
        if roll < 0.5:
            return self._called(kind, level - 1) or self._leaf(kind)
        if roll < 0.65:
            return self._reduced(kind, level - 1) or self._leaf(kind)
        return self.rng.choice(makers)(level - 1) if makers else self._leaf(kind)

    def _leaf(self, kind: Kind) -> str:
        found = self._path(kind) if self.rng.random() < 0.75 else ""
        return found or self._literal(kind)

    # --- paths --------------------------------------------------------------------------------------

    def _attributes(self, entity: str) -> Iterable[tuple[str, Type]]:
        hidden = ("deleted_at", "external_key", "unit", "updated_by")
        for name in self._names.attribute_names(entity):
            found: Attribute | None = self._names.attribute(entity, name)
            if found is not None and name not in hidden:
                yield name, found.type

    def _path(self, kind: Kind, target: str = "") -> str:
        """A path to an attribute of the kind, over up to two relationships; empty when there is none."""
        if self._many and self.rng.random() < 0.2:
            return self._walk("record.", "deal", kind, target)
        return self._walk("", self._entity, kind, target)

    def _walk(self, prefix: str, entity: str, kind: Kind, target: str = "", hops: int = 2) -> str:
        if hops and self.rng.random() < 0.35:
            lookups = [(n, t) for n, t in self._attributes(entity) if t.kind is Kind.REFERENCE and n != "id"]
            lookups = [(n, t) for n, t in lookups if set(t.entities) <= set(REFERABLE)]
            if lookups:
                return self._step(prefix, *self.rng.choice(lookups), kind, target, hops - 1)
        fitting = [prefix + n for n, t in self._attributes(entity) if _fits(t, kind, target)]
        for name, _ in self._attributes(entity):
            part_kind, parts = PARTS.get(name, (Kind.EMPTY, ()))
            fitting += [f"{prefix}{name}.{part}" for part in parts if part_kind is kind]
        return self.rng.choice(fitting) if fitting else ""

    def _step(self, prefix: str, name: str, type_: Type, kind: Kind, target: str, hops: int) -> str:
        targets = type_.entities or REFERABLE
        if len(targets) == 1:
            return self._walk(f"{prefix}{name}.", targets[0], kind, target, hops)
        if type_.entities and kind in SHARED and self.rng.random() < 0.5:
            return f"{prefix}{name}.{SHARED[kind]}"
        chosen = self.rng.choice(targets)
        return self._walk(f"({prefix}{name} as {chosen}).", chosen, kind, target, hops)

    def _record(self, target: str, level: int) -> str:
        """A record of the entity, or empty."""
        roll = self.rng.random()
        if level > 0 and roll < 0.2:
            return f"first_of({self._record(target, level - 1)}, {self._record(target, 0)})"
        if level > 0 and roll < 0.35:
            condition = self._of(Kind.BOOLEAN, level - 1)
            return f"({self._record(target, 0)} if {condition} else {self._record(target, 0)})"
        if level > 0 and roll < 0.45:
            found = self._latest(lambda: self._path(Kind.REFERENCE, target))
            if found:
                return found
        fixed = {"user": "me", "contact": "my.contact", "deal": "record"}
        return self._path(Kind.REFERENCE, target) or fixed.get(target) or "(record.about as account)"

    # --- literals -----------------------------------------------------------------------------------

    def _literal(self, kind: Kind) -> str:
        rng = self.rng
        match kind:
            case Kind.BOOLEAN:
                return rng.choice(["true", "false"])
            case Kind.INTEGER:
                return rng.choice(["0", "1", "-1", "2", "7", "settings.limit", str(rng.randint(-99, 99))])
            case Kind.DECIMAL:
                return rng.choice(["0.5", "1.005", "-2.50", "settings.share", "123456789.123456", "0.000001"])
            case Kind.TEXT:
                return rng.choice([_quoted(rng.choice(TEXTS)), _quoted(rng.choice(TEXTS)), "settings.word"])
            case Kind.DATE:
                return "today()"
            case Kind.DATETIME:
                return "now()"
            case Kind.DURATION:
                return rng.choice(["1 day", "4h", "90 min", "14 days", "-2 weeks", "1s"])
        return "record.opens" if kind is Kind.TIME else "record.stage"

    # --- conditions ---------------------------------------------------------------------------------

    def _compare(self, level: int) -> str:
        kind = self.rng.choice(KINDS)
        operator = self.rng.choice(["==", "!="])
        if kind is Kind.REFERENCE:
            target = self.rng.choice([*REFERABLE, "user"])
            return f"({self._record(target, level)} {operator} {self._record(target, level)})"
        if kind in ORDERED:
            operator = self.rng.choice(["==", "!=", "<", "<=", ">", ">="])
        left, right = self._of(kind, level), self._of(kind, level)
        if kind in NUMBERS and self.rng.random() < 0.3:
            right = self._of(self.rng.choice(sorted(NUMBERS)), level)
        if kind is Kind.TIME and self.rng.random() < 0.4:
            right = '"10:30"'
        if kind is Kind.CHOICE and self.rng.random() < 0.4:
            left, right = "record.stage", _quoted(self.rng.choice(STAGES))
        if kind is Kind.DATE and self.rng.random() < 0.2:
            right = '"2024-02-29"'
        return f"({left} {operator} {right})"

    def _logic(self, level: int) -> str:
        if self.rng.random() < 0.35:
            return f"(not {self._of(Kind.BOOLEAN, level)})"
        word = self.rng.choice([" and ", " or "])
        return "(" + word.join(self._of(Kind.BOOLEAN, level) for _ in range(self.rng.randint(2, 3))) + ")"

    def _listed(self, level: int) -> str:
        word = self.rng.choice(["in", "not in"])
        roll = self.rng.random()
        if roll < 0.3:
            option = self.rng.choice(
                [_quoted(self.rng.choice(COLOURS)), "record.nickname", "text(record.visits)"]
            )
            return f"({option} {word} record.tags)"
        if roll < 0.4:
            return f"(record.team {word} my.teams)"
        kind = self.rng.choice([Kind.INTEGER, Kind.DECIMAL, Kind.TEXT, Kind.DATE])
        items = [self._literal(kind) for _ in range(2)] + ([self._leaf(kind)] if roll < 0.6 else [])
        if self.rng.random() < 0.2:
            items.append("empty")
        return f"({self._of(kind, level)} {word} [{', '.join(items)}])"

    def _emptiness(self, level: int) -> str:
        operator = self.rng.choice(["==", "!="])
        own = ["note", "amount", "person", "tags", "complainant", "about", "account.name", "account"]
        if self.rng.random() < 0.4:
            return f"(record.{self.rng.choice(own)} {operator} empty)"
        return f"({self._of(self.rng.choice(KINDS), level)} {operator} empty)"

    def _any(self, level: int) -> str:
        function = self.rng.choice(["any", "all"])
        inner = self._over(lambda name: f"{function}({name}, {self._of(Kind.BOOLEAN, level)})")
        return inner or self._compare(level)

    # --- many ---------------------------------------------------------------------------------------

    def _over(self, write: Callable[[str], str]) -> str:
        """What `write` makes of a path to many, bare names being theirs; empty when there is none."""
        prefix, entity = ("", self._entity)
        if entity == "deal" and self.rng.random() < 0.3:
            prefix, entity = "account.", "account"
        found = [(prefix + n, t) for n, t in self._attributes(entity) if t.kind is Kind.MANY]
        if not found or self._many >= MANY_LEVELS:
            return ""
        name, type_ = self.rng.choice(found)
        outside = self._entity
        self._entity, self._many = type_.entities[0], self._many + 1
        try:
            return write(name)
        finally:
            self._entity, self._many = outside, self._many - 1

    def _count(self, level: int) -> str:
        return self._over(lambda name: f"count({name}{self._condition(level)})") or self._leaf(Kind.INTEGER)

    def _condition(self, level: int) -> str:
        return f", {self._of(Kind.BOOLEAN, level)}" if self.rng.random() < 0.5 else ""

    def _reduced(self, kind: Kind, level: int) -> str:
        if kind in ORDERED and self.rng.random() < 0.6:
            functions = ["min", "max"] + (["sum", "avg"] if kind in (Kind.DECIMAL, Kind.DURATION) else [])
            functions += ["sum"] if kind is Kind.INTEGER else []
            function = self.rng.choice(functions)
            return self._over(
                lambda name: f"{function}({name}, {self._of(kind, level)}{self._condition(level)})"
            )
        return self._latest(lambda: self._leaf(kind))

    def _texts(self, level: int) -> str:
        function = self.rng.choice(("list", "list_all"))
        text = self._over(
            lambda name: f"{function}({name}, {self._of(Kind.TEXT, level)}{self._condition(0)})"
        )
        return text or self._leaf(Kind.TEXT)

    def _latest(self, value: Callable[[], str]) -> str:
        def write(name: str) -> str:
            by, chosen = self._leaf(self.rng.choice(ORDERED)), value()
            function = self.rng.choice(("latest", "first"))
            return f"{function}({name}, {by}, {chosen}{self._condition(0)})" if chosen else ""

        return self._over(write)

    # --- calculation --------------------------------------------------------------------------------

    def _whole(self, level: int) -> str:
        operator = self.rng.choice("+-*")
        return f"({self._of(Kind.INTEGER, level)} {operator} {self._of(Kind.INTEGER, level)})"

    def _decimal(self, level: int) -> str:
        roll = self.rng.random()
        if roll < 0.1:
            return f"({self._of(Kind.DURATION, level)} / {self._of(Kind.DURATION, level)})"
        if roll < 0.2:
            return f"(-{self._of(Kind.DECIMAL, level)})"
        other = self.rng.choice([Kind.INTEGER, Kind.DECIMAL])
        return f"({self._of(Kind.DECIMAL, level)} {self.rng.choice('+-*/')} {self._of(other, level)})"

    def _day(self, level: int) -> str:
        span = self.rng.choice(["1 day", "2 weeks", self._path(Kind.DURATION) or "3 days"])
        return f"({self._of(Kind.DATE, level)} {self.rng.choice('+-')} {span})"

    def _moment(self, level: int) -> str:
        return f"({self._of(Kind.DATETIME, level)} {self.rng.choice('+-')} {self._of(Kind.DURATION, level)})"

    def _span(self, level: int) -> str:
        a, roll = self._of(Kind.DURATION, level), self.rng.random()
        if roll < 0.2:
            return f"({self._of(Kind.DATE, level)} - {self._of(Kind.DATE, level)})"
        if roll < 0.4:
            return f"({self._of(Kind.DATETIME, level)} - {self._of(Kind.DATETIME, level)})"
        if roll < 0.7:
            return f"({a} {self.rng.choice('+-')} {self._of(Kind.DURATION, level)})"
        other = self._of(self.rng.choice([Kind.INTEGER, Kind.DECIMAL]), level)
        return f"({a} {self.rng.choice('*/')} {other})"

    def _joined(self, level: int) -> str:
        other = self.rng.choice(["record.stage", "record.note", self._leaf(Kind.TEXT)])
        return f"({self._of(Kind.TEXT, level)} + {other})"

    # --- functions ----------------------------------------------------------------------------------

    def _called(self, kind: Kind, level: int) -> str:
        functions = [f for f in FUNCTIONS.values() if kind in _results(f)]
        if not functions:
            return ""
        function = self.rng.choice(functions)
        if function.name in FOLDED:
            return f"{function.name}({self._folded(level)}, {self._folded(0)})"
        return f"{function.name}({', '.join(self._arguments(function, kind, level))})"

    def _arguments(self, function: Function, kind: Kind, level: int) -> Iterable[str]:
        extra = self.rng.randint(0, 1) if function.repeats else 0
        optional = function.optional if kind is Kind.DECIMAL else self.rng.randint(0, function.optional)
        if function.name.startswith("round") and kind is Kind.INTEGER:
            optional = 0
        count = len(function.arguments) - function.optional + optional + extra
        for place in range(count):
            yield self._argument(function, function.argument(place), kind, level)

    def _argument(self, function: Function, argument: Argument, kind: Kind, level: int) -> str:
        """A value that may stand there, and sometimes one that a function of texts and dates has to refuse."""
        if argument.written:
            return (
                str(self.rng.randint(0, min(argument.most, 6)))
                if Kind.INTEGER in argument.kinds
                else _quoted(self.rng.choice(PATTERNS))
            )
        if argument.may_be_empty and not argument.alike and self.rng.random() < 0.2:
            return self.rng.choice(["empty", '""', '", "', '"a"'])
        if argument.alike or function.name in ("abs", "power"):
            return self._of(kind, level)
        if function.name in OF_THEIR_ARGUMENTS:
            is_whole = function.name == "mod" and kind is Kind.INTEGER
            return self._of(kind if is_whole else self.rng.choice(NUMERIC), level)
        wanted = self.rng.choice(sorted(argument.kinds))
        if wanted is Kind.LONG_TEXT:
            return "record.note"
        if wanted is Kind.CALENDAR:
            return "settings.works"
        if wanted is Kind.TEXT and self.rng.random() < 0.3:
            return self.rng.choice(SPICE)
        if wanted is Kind.INTEGER and self.rng.random() < 0.5:
            return str(self.rng.choice((-3, -1, 0, 1, 2, 3, 5, 12, 29, 31, 2024)))
        return self._of(wanted, level)

    def _folded(self, level: int) -> str:
        """A text whose folded form a database knows."""
        roll = self.rng.random()
        if level > 0 and roll < 0.2:
            return f"({self._folded(level - 1)} + {self._folded(0)})"
        if level > 0 and roll < 0.3:
            return f"first_of({self._folded(level - 1)}, {self._folded(0)})"
        if level > 0 and roll < 0.35:
            return f"{self.rng.choice(['upper', 'lower'])}({self._folded(level - 1)})"
        if level > 0 and roll < 0.4:
            return f"({self._folded(0)} if {self._of(Kind.BOOLEAN, 0)} else {self._folded(0)})"
        if roll < 0.5:
            return self.rng.choice(['"sao"', '"STR"', '"é"', '"E"', '"%"', COMBINING])
        return self._path(Kind.TEXT) or '"fin"'


def _fits(type_: Type, kind: Kind, target: str) -> bool:
    if kind is Kind.REFERENCE:
        return type_.kind is kind and (not type_.entities or target in type_.entities)
    return type_.kind is kind or (kind is Kind.DECIMAL and type_.kind is Kind.MONEY)


def _results(function: Function) -> Iterable[Kind]:
    if function.arguments[0].alike:
        return function.arguments[0].kinds - {Kind.REFERENCE, Kind.CHOICE, Kind.TIME}
    if function.name in OF_THEIR_ARGUMENTS:
        return NUMBERS
    return {function.result(()).kind}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
