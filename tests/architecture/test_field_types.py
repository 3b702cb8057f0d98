"""A new field type is one file: nothing else asks by name or identity which type a field is of."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import ROOT
from xrm.metadata.fieldtypes.builtins import BUILTIN_TYPES

ROOMS = ("xrm/engine", "xrm/metadata", "xrm/api", "xrm/cli")
OWN = "xrm/metadata/fieldtypes/"
VALUES = {"PersonName", "Address", "Geo"}
NAMES = {type_.name for type_ in BUILTIN_TYPES}


def sources() -> list[Path]:
    found = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return [path for path in found if not path.relative_to(ROOT).as_posix().startswith(OWN)]


def questions(tree: ast.AST) -> Iterator[str]:
    """What asks for one type: its name compared, the type itself compared, or the class of its values."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and (names_a_type(node) or is_a_type(node)):
            yield ast.unparse(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance" and names(node) & VALUES:
            yield ast.unparse(node)


def names_a_type(node: ast.Compare) -> bool:
    sides = [node.left, *node.comparators]
    constants = {c.value for side in sides for c in ast.walk(side) if isinstance(c, ast.Constant)}
    is_named = any(ast.unparse(side).endswith(("type.name", "type_.name")) for side in sides)
    return is_named and bool(constants & NAMES)


def is_a_type(node: ast.Compare) -> bool:
    sides = [node.left, *node.comparators]
    return (
        any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
        and any(isinstance(side, ast.Attribute) and side.attr == "type" for side in sides)
        and any(isinstance(side, ast.Name) and side.id.isupper() for side in sides)
    )


def names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def test_no_module_asks_for_one_field_type():
    asked = {
        f"{path.relative_to(ROOT)}: {question}"
        for path in sources()
        for question in questions(ast.parse(path.read_text()))
    }
    assert asked == set()


@pytest.mark.parametrize(
    "text",
    [
        "field.type.name == 'money'",
        "f.field.type.name in ('file', 'image')",
        "field.type is IMAGE",
        "isinstance(found, PersonName)",
    ],
)
def test_such_a_question_is_seen(text: str):
    assert list(questions(ast.parse(text))) == [text]
