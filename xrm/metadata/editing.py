"""Documents changed in their own text: what is not changed keeps its words, comments and layout.

Paths are those of the long form. A step that the author did not write, as the `en` of a plain label, is passed
over, so what is changed is what the author wrote in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from xrm.metadata.positions import Path

if TYPE_CHECKING:
    import yaml

# What a document says of itself; one that says no more says nothing.
HEADER: Final = frozenset({"entity", "extend"})
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?: [A-Za-z0-9_]+)*\Z")
_WORDS: Final = frozenset({"true", "false", "null"})
_OPEN: Final = frozenset(
    {"fields", "relationships", "keys", "duplicates", "rules"}
)  # things by name, each with a line


@dataclass(frozen=True, slots=True)
class _Step:
    """A child in its parent: the nodes in which it stands, from the root down, and the path that leads there."""

    parent: yaml.CollectionNode
    index: int
    path: Path

    @property
    def span(self) -> tuple[yaml.Node, yaml.Node]:
        """The first and the last node of the child: its key and value, or twice the item."""
        child = self.parent.value[self.index]
        return child if isinstance(child, tuple) else (child, child)


def always(_path: Path) -> bool:
    """Everything is below, too."""
    return True


def without_key(text: str, path: Path, is_below: Callable[[Path], bool] = always) -> str:
    """The text without what it says at `path`, nor a map or list that would be empty; empty if nothing is left.

    What is not below as well (`is_below`) is not taken away with its last key: it stays as an empty map.
    """
    root = _root(text)
    steps = _steps(root, path)
    while steps:
        step = steps.pop()
        if len(step.parent.value) > 1:
            left = _cut(text, step)
            return "" if _says_nothing(left) else left
        if steps and not is_below(steps[-1].path):
            return _put(text, step.parent, "{}")
    return ""


def with_value(text: str, path: Path, value: Any) -> str:
    """The text with this value, written in one line, where it says another at `path`."""
    root = _root(text)
    steps = _steps(root, path)
    node = steps[-1].span[1] if steps else root
    return _put(text, node, flow(value))


def with_other_key(text: str, path: Path, name: str) -> str:
    """The text in which the key at the end of the path, which leads through maps, is called so."""
    known = _said(root := _root(text), path[:-1])
    parent = known[-1] if known else root
    key = parent.value[_index(parent, path[-1])][0]
    return f"{text[: key.start_mark.index]}{flow(name)}{text[key.end_mark.index :]}"


def flow(value: Any) -> str:
    """The value of a document in its long form, in one line of YAML."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{flow(str(k))}: {flow(_short(k, v))}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, str):
        is_plain = _PLAIN.match(value) and value not in _WORDS
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value)


def document(body: Mapping[str, Any]) -> str:
    """A document that says this: a line for each of its keys."""
    return "".join(_block(str(key), value, 0) for key, value in body.items())


def _short(key: Any, value: Any) -> Any:
    """The one long form that has no words of its own in the language."""
    is_grant = key == "fields" and isinstance(value, Mapping) and list(value) == ["only"]
    return value["only"] if is_grant else value


def _root(text: str) -> Any:
    # Few processes change a text, and a web process starts the sooner without the library.
    import yaml

    # The library's own parser counts characters; the quick one need not.
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _steps(root: Any, path: Path) -> list[_Step]:
    steps: list[_Step] = []
    node = root
    for length, word in enumerate(path, 1):
        for index in _way(node, word):
            steps.append(_Step(node, index, path[:length]))
            node = steps[-1].span[1]
    return steps


def _way(node: Any, word: str | int) -> tuple[int, ...]:
    """The index of the child, that of the row and of the word in it, or nothing where the author wrote no step."""
    index = _index(node, word)
    if index is not None:
        return (index,)
    rows = node.value if _is_list(node) else ()
    found = ((row, _index(inner, word)) for row, inner in enumerate(rows) if _is_list(inner))
    return next(((row, column) for row, column in found if column is not None), ())


def _is_list(node: Any) -> bool:
    return getattr(node, "id", "") == "sequence"


def _is_map(node: Any) -> bool:
    return getattr(node, "id", "") == "mapping"


def _index(node: Any, word: str | int) -> int | None:
    if _is_map(node):
        return next((i for i, (key, _) in enumerate(node.value) if key.value == str(word)), None)
    if _is_list(node):
        if isinstance(word, int):
            return word if word < len(node.value) else None
        return next((i for i, item in enumerate(node.value) if item.value == word), None)
    return None


def _says_nothing(text: str) -> bool:
    root = _root(text)
    return root is None or {key.value for key, _ in root.value} <= HEADER


def _cut(text: str, step: _Step) -> str:
    start, end = _bounds(text, step)
    return text[:start] + text[end:]


def _bounds(text: str, step: _Step) -> tuple[int, int]:
    """Where the child begins and ends: in a block whole lines, in one line the comma with it."""
    first, last = step.span
    start, end = first.start_mark.index, _end(last)
    if not step.parent.flow_style:
        line = text.rfind("\n", 0, start) + 1
        if text[line:start].strip(" -") == "" and text[line:start].count("-") == _dashes(step):
            return line, _line_end(text, end)
    children = step.parent.value
    if step.index + 1 < len(children):
        following = children[step.index + 1]
        after = following[0] if isinstance(following, tuple) else following
        return start, after.start_mark.index
    before = children[step.index - 1]
    return _end(before[1] if isinstance(before, tuple) else before), end


def _dashes(step: _Step) -> int:
    return 1 if _is_list(step.parent) else 0


def _end(node: Any) -> int:
    """Where the last character of the node is; a block's own end lies behind the comments that follow it."""
    if (_is_list(node) or _is_map(node)) and not node.flow_style and node.value:
        child = node.value[-1]
        return _end(child[1] if isinstance(child, tuple) else child)
    return int(node.end_mark.index)


def _line_end(text: str, end: int) -> int:
    if end and text[end - 1] == "\n":
        return end
    found = text.find("\n", end)
    return len(text) if found < 0 else found + 1


def _put(text: str, node: yaml.Node, words: str) -> str:
    """The node's place holds these words; where a list began in the column of its key they stand further in."""
    start, end = node.start_mark.index, _end(node)
    while end > start and text[end - 1] in "\r\n":
        end -= 1
    gap = " " if start == end else "  " if _begins_a_line(text, node) else ""
    return text[:start] + gap + words + text[end:]


def _begins_a_line(text: str, node: Any) -> bool:
    is_block = _is_list(node) and not node.flow_style
    return (
        is_block and not text[text.rfind("\n", 0, node.start_mark.index) + 1 : node.start_mark.index].strip()
    )


def leaves(body: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of the body that is no map, and every empty map, with its path."""
    if isinstance(body, Mapping) and body:
        for key, value in body.items():
            yield from leaves(value, (*path, key))
    else:
        yield path, body


# --- saying more ------------------------------------------------------------------------------------------


def depth_of(text: str, path: Path) -> int:
    """How many steps of the path the text says, from the first one on."""
    return len(_said(_root(text), path))


def with_key(text: str, path: Path, value: Any) -> str:
    """The text with this value at `path`, in place of another one or as a new key; maps that lead there are made."""
    root = _root(text)
    if root is None:
        return f"{_ended(text)}{document(_nested(path, value))}"
    known = _said(root, path)
    node = known[-1] if known else root
    if len(known) == len(path):
        return _put(text, node, flow(value))
    key, inner = path[len(known)], _nested(path[len(known) + 1 :], value)
    if not _is_map(node) or not node.value:
        return _put(text, node, flow({key: inner}))
    end = _end(node)
    if node.flow_style:
        end = _end(node.value[-1][1])
        return f"{text[:end]}, {flow(str(key))}: {flow(_short(key, inner))}{text[end:]}"
    line = _line_end(text, end)
    lines = _block(str(key), inner, node.value[0][0].start_mark.column)
    return f"{_ended(text[:line])}{lines}{text[line:]}"


def _said(root: Any, path: Path) -> list[Any]:
    """The nodes along the path, as far as there are any."""
    nodes, node = [], root
    for word in path:
        index = _index(node, word) if _is_map(node) else None
        if index is None:
            break
        node = node.value[index][1]
        nodes.append(node)
    return nodes


def _nested(path: Path, value: Any) -> Any:
    for word in reversed(path):
        value = {word: value}
    return value


def _block(key: str, value: Any, column: int) -> str:
    """The key on a line of its own; of what holds things by name, each has a line."""
    start = f"{' ' * column}{flow(key)}:"
    if key in _OPEN and isinstance(value, Mapping) and value:
        return "".join([f"{start}\n", *(_block(str(k), v, column + 2) for k, v in value.items())])
    return f"{start} {flow(_short(key, value))}\n"


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
