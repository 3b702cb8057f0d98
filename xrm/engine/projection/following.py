"""What is evaluated for a computed field, and what its value is then: amounts in one currency stay in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from xrm.metadata.expressions.tree import OUTERMOST, Access, Aggregate, Node, Root, children, rebuilt
from xrm.metadata.expressions.typerules import calculable
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.fieldtypes.builtins import read_value, write_value
from xrm.metadata.fieldtypes.iso import currency_decimals
from xrm.metadata.fieldtypes.problems import bad
from xrm.metadata.model import Field
from xrm.metadata.values import Worth, round_half_up, worth_in

_AMOUNT, _BASE, _CURRENCY = "amount", "base", "currency"
_CODE = Type(Kind.CHOICE)


def nodes_of(field: Field) -> tuple[Node, ...]:
    """The trees whose values tell that of the computed field."""
    if field.formula is None:
        raise AssertionError("only what is computed follows")
    return trees_for(field.type, field.formula.tree)


def trees_for(type_: FieldType, tree: Node) -> tuple[Node, ...]:
    """The trees whose values tell that of the tree, as a field of the type keeps it.

    For money: the value in the base currency, the value of the bare amounts, and all currencies that these are in.
    """
    if type_.in_base is None:
        return (tree,)
    tree = calculable(tree)
    currencies = dict.fromkeys(_currencies(tree, is_inside=False))
    return (_told_by(tree, _BASE), _told_by(tree, _AMOUNT), *currencies)


def value_of(field: Field, answers: Sequence[Any], currency: str) -> Any:
    """The value as the field keeps it; raises BadValue for one that does not fit. `currency` is the base currency."""
    if field.type.in_base is None:
        return fitting(field, answers[0])
    base, amount, *currencies = answers
    found = {code for code in currencies if code is not None}
    fixed = field.params.get("currency")
    if not found:
        return _money(field, amount, fixed or currency, worth_in(currency))
    if len(found) == 1 and fixed in (None, *found):
        return _money(field, amount, found.pop(), _worth_as_followed(base, currency))
    if fixed in (None, currency):
        return _money(field, base, currency, worth_in(currency))
    return None if base is None and amount is None else _other(fixed)


def _worth_as_followed(base: Any, currency: str) -> Worth:
    """What follows from amounts is worth what follows from their worth: by the rates of then, not of now."""
    own, places = worth_in(currency), currency_decimals(currency)

    def worth(amount: Decimal, code: str) -> Decimal | None:
        known = own(amount, code)
        return known if known is not None or base is None else round_half_up(Decimal(base), places)

    return worth


def _other(fixed: str) -> Any:
    raise bad("R125", f"Must be in {fixed}.", "It follows from amounts in another currency.")


def _money(field: Field, amount: Any, code: str, worth: Worth) -> Any:
    """The amount with what it is worth in the base currency, rounded as amounts of its currency are."""
    if amount is None or field.type.in_base is None:
        return None
    said = format(round_half_up(Decimal(amount), currency_decimals(code)), "f")
    return field.type.in_base(read_value(field.type, {"amount": said, "currency": code}, field.params), worth)


def fitting(field: Field, value: Any) -> Any:
    """A calculated value as such a field stores it: rounded, and refused by BadValue if it does not fit."""
    if value is None:
        return None
    return read_value(field.type, write_value(field.type, value, field.params), field.params)


# --- amounts and currencies ---------------------------------------------------------------------------


def _is_of_money(node: Access) -> bool:
    """Whether it is an amount, or what one is worth."""
    return len(node.path) == 2 and node.path[1] in (_BASE, _AMOUNT)


def _currency_of(node: Access) -> Access:
    return replace(node, type=_CODE, path=(node.path[0], _CURRENCY))


def _told_by(node: Node, part: str) -> Node:
    """The tree with this part of each amount of which the value is made; conditions compare as ever."""
    if isinstance(node, Access):
        return replace(node, path=(node.path[0], part)) if _is_of_money(node) else node
    if node.type.kind is Kind.BOOLEAN:
        return node
    return rebuilt(node, lambda name, child: child if name == "by" else _told_by(child, part))


def _currencies(node: Node, *, is_inside: bool) -> Iterator[Node]:
    """The currency of each amount that the value is made of: of many the least and the greatest."""
    if isinstance(node, Access):
        if _is_of_money(node) and not (is_inside and node.root is Root.RECORD):
            yield _currency_of(node)
    elif isinstance(node, Aggregate):
        if not is_inside or node.over.root is Root.OUTER:
            yield from _of_many(node)
        if node.value is not None:
            yield from _currencies(node.value, is_inside=True)
    elif node.type.kind is not Kind.BOOLEAN:
        for child in children(node):
            yield from _currencies(child, is_inside=is_inside)


def _of_many(node: Aggregate) -> Iterator[Node]:
    for code in _own(node.value) if node.value is not None else ():
        if node.function in OUTERMOST:
            yield replace(node, type=_CODE, value=code)
        else:
            yield from (replace(node, type=_CODE, function=f, value=code, by=None) for f in ("min", "max"))


def _own(node: Node) -> Iterator[Node]:
    """The currencies of the amounts of the records that an aggregate goes over, and of those that these go over."""
    if isinstance(node, Access):
        if node.root is Root.RECORD and _is_of_money(node):
            yield _currency_of(node)
        return
    if isinstance(node, Aggregate):
        yield from _of_many(node)
        return
    for child in children(node) if node.type.kind is not Kind.BOOLEAN else ():
        yield from _own(child)
