"""SQL for the functions of text: SQLite calls what Python calls, PostgreSQL gets the same spelled out.

PostgreSQL's functions of case and white space depend on its version and locale, so it is told every letter. What
an argument stands for is taken once, in a subquery that the planner keeps whole, so that nested calls do not
double one another and nothing is calculated that would raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Protocol

import sqlalchemy as sa

from xrm.engine.projection.exact_sql import KEPT_WHOLE, Element, Spelled, number, numeric, within
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.storage.types import Integer, ScaledDecimal, StoredType, Text
from xrm.metadata.expressions import letters
from xrm.metadata.expressions.texts import LONGEST, LONGEST_LIST, MOST_LISTED, NUMBER
from xrm.metadata.expressions.tree import Call, Literal, Node
from xrm.metadata.expressions.types import DECIMAL
from xrm.metadata.values import MAX_DIGITS


class Values(Protocol):
    """What these functions ask of the compiler of expressions."""

    def value(self, node: Node, scope: SqlScope) -> Element: ...


Build = Callable[[Values, Call, SqlScope], Element]

_OR_NOTHING: Final = "coalesce({0}, '')"
_FAR: Final = 1_000_000_000  # further than any text goes, and within an INTEGER twice
_COUNT: Final = "CAST({{{0}}} AS BIGINT)"
_LENGTH: Final = "CAST(char_length({0}) AS BIGINT)"
_WHITE: Final = r"[\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+"
# Found first, because the list of letters is searched from its beginning for each letter of a text.
_OFTEN: Final = " 0123456789.,-"
_SMALL, _CAPITAL = "eaiounrstlcdmpghbvfyzqxjkw", "EAIOUNRSTLCDMPGHBVFYZQXJKW"


def _plain(text: str) -> str:
    """A text as it stands in a statement; with what is formatted afterwards it has nothing in common."""
    return f'(CAST({text} AS TEXT) COLLATE "C")'


def list_of(value: Element, *, is_distinct: bool) -> Element:
    """The texts of all rows in their order, with commas between them, as far as a list goes."""
    one = "NULLIF({0}, '') COLLATE \"C\""
    distinct = "DISTINCT " if is_distinct else ""
    found = f"array_to_string((array_agg({distinct}{one} ORDER BY {one}))[1:{MOST_LISTED}], ', ')"
    more = f"CASE WHEN count({distinct}{one}) > {MOST_LISTED} THEN ', …' ELSE '' END"
    name = "list" if is_distinct else "list_all"
    return _called(name, [value], _plain(f"NULLIF(left({found} || {more}, {LONGEST_LIST}), '')"))


def _called(
    name: str, arguments: Sequence[Element], postgresql: str, type_: StoredType | None = None
) -> Element:
    return Spelled(f"xrm_{name}", arguments, type_ or Text(), postgresql=postgresql)


def _arguments(compiler: Values, node: Call, scope: SqlScope) -> list[Element]:
    return [compiler.value(argument, scope) for argument in node.arguments]


def _build(name: str, postgresql: str, type_: StoredType | None = None) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        return _called(name, _arguments(compiler, node, scope), postgresql, type_)

    return build


@lru_cache(maxsize=2)
def _turned(to_capitals: bool) -> str:
    """The letters that are turned, and what they become."""
    table = letters.capitals() if to_capitals else letters.smalls()
    first = _SMALL + _OFTEN + _CAPITAL
    rest = "".join(chr(n) for n in sorted(table) if chr(n) not in first)
    old = first + rest
    return f"translate({_plain('{0}')}, '{old}', '{old.translate(table)}')"


def _cased(name: str, to_capitals: bool) -> Build:
    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        return _called(name, _arguments(compiler, node, scope), _turned(to_capitals))

    return build


def _cut(function: str) -> str:
    count = f"CAST(least(greatest({_COUNT.format(1)}, 0), {_FAR}) AS INTEGER)"
    return f"nullif({function}({{0}}, {count}), '')"


def _padded(name: str, function: str) -> Build:
    width = f"CAST(greatest(xrm_r.n, {_LENGTH.format('xrm_r.t')}, 0) AS INTEGER)"
    text = KEPT_WHOLE.format(
        f"{function}(xrm_r.t, {width}, xrm_r.f)",
        f"{_plain('{0}')} AS t, {_COUNT.format(1)} AS n, {_plain('{2}')} AS f",
        f"xrm_r.n <= {LONGEST}",
    )

    def build(compiler: Values, node: Call, scope: SqlScope) -> Element:
        found = _arguments(compiler, node, scope)
        fill = found[2:] or [sa.literal(" ", Text())]
        return _called(name, [*found[:2], *fill], text)

    return build


def _replaced() -> str:
    length, part, other = (_LENGTH.format(f"xrm_r.{name}") for name in "tpo")
    without = _LENGTH.format("replace(xrm_r.t, xrm_r.p, '')")
    count = f"({length} - {without}) / greatest({part}, 1)"
    operands = ("{0}", "coalesce({1}, '')", "coalesce({2}, '')")
    return KEPT_WHOLE.format(
        "nullif(replace(xrm_r.t, xrm_r.p, xrm_r.o), '')",
        ", ".join(f"{_plain(text)} AS {name}" for text, name in zip(operands, "tpo", strict=True)),
        f"{length} + {count} * ({other} - {part}) <= {LONGEST}",
    )


def _join(compiler: Values, node: Call, scope: SqlScope) -> Element:
    found = _arguments(compiler, node, scope)
    parts = [f"coalesce(xrm_r.s || {_plain(f'{{{place}}}')}, '')" for place in range(1, len(found))]
    whole = f"substr({' || '.join(parts)}, char_length(xrm_r.s) + 1)"
    separator = f"{_plain(_OR_NOTHING)} AS s"
    return _called("join", found, KEPT_WHOLE.format(f"nullif({whole}, '')", separator, "TRUE"))


def _fixed(compiler: Values, node: Call, scope: SqlScope) -> Element:
    value, places = node.arguments
    written = places.value if isinstance(places, Literal) else 0
    text = _plain(f"round({numeric(0)}, {written})")
    found = compiler.value(value, scope)
    return _called("fixed", [found, number(value.type.decimals), number(written)], text)


_TOKENS: Final = {"YYYY": "YYYY", "YY": "YY", "MM": "MM", "M": "FMMM", "DD": "DD", "D": "FMDD"}


def _date_text(compiler: Values, node: Call, scope: SqlScope) -> Element:
    day, pattern = node.arguments
    shown = str(pattern.value) if isinstance(pattern, Literal) else ""
    parts = (_TOKENS.get(part, f'"{part}"') for part in _parts(shown))
    text = _plain(f"to_char({{0}}, '{''.join(parts)}')")
    return _called("date_text", [compiler.value(day, scope), sa.literal(shown, Text())], text)


def _parts(pattern: str) -> list[str]:
    """The tokens of a pattern and what stands between them."""
    found: list[str] = []
    for character in pattern:
        if found and character == found[-1][0] and len(found[-1]) < (4 if character == "Y" else 2):
            found[-1] += character
        else:
            found.append(character)
    return found


_PART = KEPT_WHOLE.format(
    "nullif(split_part(xrm_r.t, xrm_r.s, CAST(xrm_r.n AS INTEGER)), '')",
    f"{_plain('{0}')} AS t, {_plain('{1}')} AS s, {_COUNT.format(2)} AS n",
    f"xrm_r.n <> 0 AND xrm_r.n BETWEEN -{_FAR} AND {_FAR}",
)
_MID = KEPT_WHOLE.format(
    f"nullif(substr(xrm_r.t, CAST(xrm_r.s AS INTEGER), CAST(least(xrm_r.n, {_FAR}) AS INTEGER)), '')",
    f"{_plain('{0}')} AS t, {_COUNT.format(1)} AS s, {_COUNT.format(2)} AS n",
    f"xrm_r.n > 0 AND xrm_r.s BETWEEN 1 AND {_FAR}",
)
_REPEATED = KEPT_WHOLE.format(
    "repeat(xrm_r.t, CAST(xrm_r.n AS INTEGER))",
    f"{_plain('{0}')} AS t, {_COUNT.format(1)} AS n",
    f"xrm_r.n BETWEEN 1 AND {LONGEST} AND {_LENGTH.format('xrm_r.t')} * xrm_r.n <= {LONGEST}",
)
_BRACES: Final = NUMBER.replace("{", "{{").replace("}", "}}")
_READ = within(
    KEPT_WHOLE.format(
        "round(CAST(xrm_r.t AS NUMERIC), 6)", f"{_plain('{0}')} AS t", f"xrm_r.t ~ '^({_BRACES})$'"
    ),
    DECIMAL,
)
_TRIMMED = f"nullif(btrim(regexp_replace({_plain('{0}')}, '{_WHITE}', ' ', 'g'), ' '), '')"

SQL_TEXTS: Final[Mapping[str, Build]] = {
    "upper": _cased("upper", True),
    "lower": _cased("lower", False),
    "trim": _build("trim", _TRIMMED),
    "left": _build("left", _cut("left")),
    "right": _build("right", _cut("right")),
    "mid": _build("mid", _MID),
    "position": _build("position", "CAST(strpos({0}, {1}) AS BIGINT)", Integer()),
    "replace": _build("replace", _replaced()),
    "repeat": _build("repeat", _REPEATED),
    "pad_left": _padded("pad_left", "lpad"),
    "pad_right": _padded("pad_right", "rpad"),
    "split_part": _build("split_part", _PART),
    "join": _join,
    "fixed": _fixed,
    "number": _build("number", _READ, ScaledDecimal(MAX_DIGITS + 2, DECIMAL.scale)),
    "date_text": _date_text,
}
