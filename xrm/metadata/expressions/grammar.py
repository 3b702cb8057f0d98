"""Text becomes a syntax tree, or one problem with the offset where reading stopped and what to write instead.

The parser keeps its own stack, so that no nesting, however deep, can exhaust Python's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.problems import MAX_CHARACTERS, MAX_DEPTH
from xrm.metadata.values import INT64_MAX, MAX_DIGITS

GRAMMAR: Final = r"""
start: expression
?expression: disjunction
    | disjunction "if" disjunction "else" expression -> choice
?disjunction: conjunction ("or" conjunction)*
?conjunction: negation ("and" negation)*
?negation: comparison
    | NOT negation -> unary
?comparison: addition
    | addition ORDER addition -> binary
    | addition IN addition -> binary
    | addition NOT IN addition -> not_in
?addition: product
    | addition PLUS product -> binary
    | addition MINUS product -> binary
?product: sign
    | product FACTOR sign -> binary
?sign: narrow
    | MINUS sign -> unary
?narrow: path
    | path "as" NAME -> narrowed
?path: atom
    | path "." NAME -> member
?atom: NAME -> name
    | NAME "(" ")" -> call
    | NAME "(" expression ("," expression)* ","? ")" -> call
    | OPEN expression ")" -> group
    | OPEN expression ("," expression)+ ","? ")" -> items
    | BRACKET "]" -> items
    | BRACKET expression ("," expression)* ","? "]" -> items
    | NUMBER -> number
    | SPAN -> span
    | STRING -> text
    | EMPTY -> nothing
    | TRUE -> truth
    | FALSE -> truth

OPEN: "("
BRACKET: "["
NOT: "not"
IN: "in"
EMPTY: "empty"
TRUE: "true"
FALSE: "false"
ORDER: "==" | "!=" | "<=" | ">=" | "<" | ">"
PLUS: "+"
MINUS: "-"
FACTOR: "*" | "/"
NAME: /[A-Za-z_][A-Za-z0-9_]*/
SPAN.3: /[0-9]+ *(seconds?|sec|s|minutes?|min|m|hours?|h|days?|d|weeks?|w)(?![A-Za-z0-9_])/
NUMBER: /[0-9]+(\.[0-9]+)?/
STRING: /"(\\.|[^"\\\n])*"|'(\\.|[^'\\\n])*'/
%ignore /\s+/
"""

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_ESCAPES: Final = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}
MAX_SPAN_SECONDS: Final = 999_999_999 * 86_400


class Unparsable(ValueError):
    """The text is no expression; says where, why and what to do."""

    def __init__(self, code: str, message: str, hint: str, at: int) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.at = code, message, hint, at


def parse_expression(text: str) -> s.Syntax:
    """The syntax tree of `text`; raises Unparsable."""
    if len(text) > MAX_CHARACTERS:
        message = f"The expression has {len(text)} characters, more than {MAX_CHARACTERS}."
        raise Unparsable("M208", message, "Say it shorter, or in several conditions.", 0)
    _refuse_odd_characters(text)
    try:
        tree: Any = _parser().parse(text)
    except UnexpectedInput as stop:
        raise _explained(stop, text) from None
    built: s.Syntax = tree
    return built


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="basic", transformer=_Builder(), maybe_placeholders=False)


def _refuse_odd_characters(text: str) -> None:
    for at, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise Unparsable(
                "M200", "The expression holds a character that no text may hold.", "Leave it out.", at
            )


class _Builder(Transformer[Token, s.Syntax]):
    """Turns each reduction of the parser into a syntax node; `_level` stops at the depth limit."""

    def start(self, parts: list[Any]) -> s.Syntax:
        tree: s.Syntax = parts[0]
        return tree

    def choice(self, parts: list[Any]) -> s.Syntax:
        then, condition, otherwise = parts
        return s.Choice(then.at, _level(parts), condition, then, otherwise)

    def disjunction(self, parts: list[Any]) -> s.Syntax:
        return s.Logical(parts[0].at, _level(parts), "or", tuple(parts))

    def conjunction(self, parts: list[Any]) -> s.Syntax:
        return s.Logical(parts[0].at, _level(parts), "and", tuple(parts))

    def unary(self, parts: list[Any]) -> s.Syntax:
        operator, operand = parts
        return s.Unary(operator.start_pos, _level([operand]), str(operator), operand)

    def binary(self, parts: list[Any]) -> s.Syntax:
        left, operator, right = parts
        return s.Binary(left.at, _level([left, right]), str(operator), left, right, operator.start_pos)

    def not_in(self, parts: list[Any]) -> s.Syntax:
        left, word, _, right = parts
        return s.Binary(left.at, _level([left, right]), "not in", left, right, word.start_pos)

    def narrowed(self, parts: list[Any]) -> s.Syntax:
        base, entity = parts
        return s.Narrow(base.at, _level([base]), base, str(entity), entity.start_pos)

    def member(self, parts: list[Any]) -> s.Syntax:
        base, name = parts
        return s.Member(base.at, _level([base]), base, str(name), name.start_pos)

    def name(self, parts: list[Any]) -> s.Syntax:
        return s.Name(parts[0].start_pos, 1, str(parts[0]))

    def call(self, parts: list[Any]) -> s.Syntax:
        name, *arguments = parts
        return s.CallOf(name.start_pos, _level(arguments), str(name), tuple(arguments))

    def group(self, parts: list[Any]) -> s.Syntax:
        inner: s.Syntax = parts[1]
        return inner

    def items(self, parts: list[Any]) -> s.Syntax:
        bracket, *items = parts
        return s.Items(bracket.start_pos, _level(items), tuple(items))

    def number(self, parts: list[Any]) -> s.Syntax:
        return s.Constant(parts[0].start_pos, 1, _number(parts[0]))

    def span(self, parts: list[Any]) -> s.Syntax:
        return s.Constant(parts[0].start_pos, 1, _span(parts[0]))

    def text(self, parts: list[Any]) -> s.Syntax:
        return s.Constant(parts[0].start_pos, 1, _text(parts[0]) or None)

    def nothing(self, parts: list[Any]) -> s.Syntax:
        return s.Constant(parts[0].start_pos, 1, None)

    def truth(self, parts: list[Any]) -> s.Syntax:
        return s.Constant(parts[0].start_pos, 1, parts[0] == "true")


def _level(parts: Iterable[s.Syntax]) -> int:
    deepest, at = 0, 0
    for part in parts:
        if part.depth > deepest:
            deepest, at = part.depth, part.at
    if deepest >= MAX_DEPTH:
        message = f"The expression is nested more than {MAX_DEPTH} levels deep."
        raise Unparsable("M208", message, "Split it, or use a list with `in`.", at)
    return deepest + 1


def _number(token: Token) -> int | Decimal:
    at = token.start_pos or 0
    whole, _, fraction = token.partition(".")
    if len(whole.lstrip("0")) > MAX_DIGITS + 1 or (not fraction and int(whole) > INT64_MAX):
        raise Unparsable(
            "M200", "The number is too large.", "Whole numbers go up to 9223372036854775807.", at
        )
    if not fraction:
        return int(whole)
    if len((whole + fraction).lstrip("0")) > MAX_DIGITS or len(fraction) > MAX_DIGITS:
        raise Unparsable("M200", "The number has too many digits.", f"At most {MAX_DIGITS} are kept.", at)
    return Decimal(token)


def _span(token: Token) -> timedelta:
    digits = re.match("[0-9]+", token)
    count = digits.group() if digits else ""
    unit = token[len(count) :].strip()[0]
    if len(count) > MAX_DIGITS or int(count) * _SECONDS[unit] > MAX_SPAN_SECONDS:
        raise Unparsable(
            "M200", "The duration is too long.", "It may have up to 999999999 days.", token.start_pos or 0
        )
    return timedelta(seconds=int(count) * _SECONDS[unit])


def _text(token: Token) -> str:
    def unescaped(match: re.Match[str]) -> str:
        character = _ESCAPES.get(match.group(1))
        if character is None:
            at = (token.start_pos or 0) + 1 + match.start()
            raise Unparsable("M200", f"There is no escape {match.group()}.", r"Write \\ for a backslash.", at)
        return character

    return unicodedata.normalize("NFC", re.sub(r"\\(.)", unescaped, token[1:-1], flags=re.DOTALL))


# What people write from other languages, and what this one has for it; the first that matches is said.
_HABITS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), hint)
    for pattern, hint in (
        (r"===", "Write == to compare."),
        (r"(<=|>=|==|!=|<(?!>)|>)", "Compare two at a time: `low < x and x < high`."),
        (r"=[<>]", "Write <= or >=."),
        (r"=", "Write == to compare; nothing is assigned here."),
        (r"<>", 'Write != for "is not equal".'),
        (r"&&?", "Write `and`; texts are put together with +."),
        (r"\|\|?", "Write `or`."),
        (r"!", "Write `not`."),
        (r"\*\*|\^", "Write power(number, exponent)."),
        (
            r"%",
            "Percent fields hold 10 for 10 %; divide by 100 to calculate. For what is left over write mod(a, b).",
        ),
        (r"\?", "Write `x if condition else y`."),
        (r"[{}]", "Leave the braces out: the whole text is the expression."),
        (r"is\s+not\s+(null|none|empty)\b", "Write `!= empty`."),
        (r"is\s+(null|none|empty)\b", "Write `== empty`."),
        (r"is\b", "Write == to compare."),
        (r"(i?like|matches)\b", 'Write contains(field, "text") or starts_with(field, "text").'),
        (r"between\b", "Write `x >= low and x <= high`."),
        (
            r"(months?|years?)\b",
            "Months and years differ in length: write add_months(date, 3) or add_years(date, 1).",
        ),
        (
            r"(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?)\b",
            "Write durations with a whole number, as in `14 days`.",
        ),
        (r"e[0-9]", "Write the number without an exponent."),
        (r"[\"']", "The quote is not closed."),
        (r"[“”„‘’«»]", 'Write straight quotes: "text".'),
        (r";", "Write one expression."),
        (r"\[", "Nothing is picked by position; use latest(), min() or max()."),
        (r"(AND|OR|NOT|IN|IF|ELSE|AS)\b", "Write and, or, not, in, if, else, as in small letters."),
        (r"[A-Za-z_]", "An operator is missing in front of this name."),
        (r"[0-9]", "An operator is missing in front of this number."),
    )
)


def _explained(stop: UnexpectedInput, text: str) -> Unparsable:
    at = stop.pos_in_stream if isinstance(stop, UnexpectedCharacters) else None
    if isinstance(stop, UnexpectedToken):
        at = None if stop.token.type == "$END" else stop.token.start_pos
    if at is None or at >= len(text.rstrip()):
        return _ended(text)
    at = _start_of_operator(text, at)
    return Unparsable(
        "M200", f"The expression cannot be read from here: {text[at : at + 20]}", _habit(text, at), at
    )


def _start_of_operator(text: str, at: int) -> int:
    """The reader stops at the second half of `<>` and of `==`-like pairs; the fault is the whole."""
    return at - 1 if text[at - 1 : at + 1] == "<>" or text[at - 1 : at + 1] in ("&&", "||") else at


def _habit(text: str, at: int) -> str:
    rest = text[at:]
    if rest.startswith("."):
        return (
            "Put the narrowing in parentheses: (complainant as contact).email." if " as " in text[:at] else ""
        )
    if rest[0] in ")]":
        return "A value is missing in front of it, or nothing was opened."
    return next((hint for pattern, hint in _HABITS if pattern.match(rest)), "")


def _ended(text: str) -> Unparsable:
    if not text.strip():
        return Unparsable("M200", "There is no expression.", "Write a condition, or leave the key out.", 0)
    hint = "Something is missing at the end."
    if text.count("(") > text.count(")"):
        hint = "A closing parenthesis is missing."
    elif text.count("[") > text.count("]"):
        hint = "A closing bracket is missing."
    return Unparsable("M200", "The expression ends too early.", hint, len(text.rstrip()))
