"""The documents of a customisation, changed one definition at a time. Pure: texts by path in, texts by path out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from xrm.errors import Problem
from xrm.metadata.differences import Difference
from xrm.metadata.documents import FILES, FOLDERS, Located, locate
from xrm.metadata.editing import depth_of, leaves, with_key, without_key
from xrm.metadata.positions import Path, Positions
from xrm.metadata.sources import PackSource
from xrm.metadata.words import ABSENT

Documents = Mapping[str, str]
_EXTENDED: Final = frozenset({"fields", "relationships", "keys", "duplicates", "rules", "indexes"})
_ABOUT: Final = ("entity", "extend", "form", "view", "lifecycle")


def documents_of(source: PackSource | None) -> Documents:
    """The texts of a layer by their paths."""
    return {path: content.decode() for path, content in source.files.items()} if source else {}


def say(documents: Documents, entity: str, path: Path, value: Any) -> Documents:
    """The documents that say `value` there of the entity, where they said something of it or in its own file."""
    known = [one.path for one in _about(documents, entity, ("entity", "extend")) if _may_say(one, path)]
    file = max(known, key=lambda name: depth_of(documents[name], path), default=f"entities/{entity}.yaml")
    text = documents.get(file, f"entity: {entity}\n")
    return {**documents, file: with_key(text, path, value)}


def name_in(documents: Documents, names: Sequence[str], path: Path) -> str:
    """Which of the names of an entity is said where most of the path is; the first one where nothing is."""
    depths = dict.fromkeys(names, -1)
    for name in names:
        for one in _about(documents, name, ("entity", "extend")):
            depths[name] = max(depths[name], depth_of(documents[one.path], path))
    return max(names, key=depths.__getitem__)


def unsay(documents: Documents, entity: str, path: Path) -> Documents:
    """The documents without what they say there of the entity."""
    left = dict(documents)
    for one in _about(documents, entity, ("entity", "extend")):
        if depth_of(left[one.path], path) == len(path):
            left[one.path] = without_key(left[one.path], path)
    return _without_words({file: text for file, text in left.items() if text}, ("entities", entity, *path))


def unsay_entity(documents: Documents, entity: str) -> Documents:
    """The documents without anything about the entity."""
    gone = {one.path for one in _about(documents, entity, _ABOUT)}
    return _without_words({f: text for f, text in documents.items() if f not in gone}, ("entities", entity))


def replayed(documents: Documents, changes: Iterable[Difference], changed: Documents) -> Documents:
    """The documents with these changes made to them key by key; `changed` are those that the changes led to."""
    for one in changes:
        file, text = _file_of(documents, one), ""
        if one.path and one.after == ABSENT:
            text = documents.get(file, "")
            is_there = depth_of(text, one.path) == len(one.path)
            text = without_key(text, one.path) if is_there else text
        elif one.path:
            text = with_key(documents.get(file, _head(one)), one.path, one.after)
        elif one.after != ABSENT:
            text = _both(documents.get(file, ""), one.after) or changed[_file_of(changed, one)]
        documents = with_text(documents, file, text)
    return documents


def _both(text: str, body: Mapping[str, Any]) -> str:
    """A document that others have begun too, with what this one says of its own; empty if they have not."""
    for path, value in leaves(body) if text else ():
        text = with_key(text, path, value)
    return text


def placed(problems: Iterable[Problem], source: PackSource | None) -> list[Problem]:
    """The problems, those of these files with the path of their place: `visit:fields.name.type`."""
    from xrm.metadata.yaml_reader import compose  # a web process that reads no file starts the sooner

    known: dict[str, tuple[str, Positions]] = {}
    if source is not None:
        for one in locate(source)[0]:
            file = f"{source.name}/{one.path}"
            known[file] = one.name, compose(source.files[one.path], file).positions
    return [_at_path(problem, *known[problem.where.file]) if problem.where.file in known else problem
            for problem in problems]  # fmt: skip


def _at_path(problem: Problem, name: str, positions: Positions) -> Problem:
    path = path_at(positions, problem.where.line, problem.where.column)
    return problem.at(replace(problem.where, path=f"{name}:{'.'.join(map(str, path))}"))


def path_at(positions: Positions, line: int, column: int) -> Path:
    """The path of the key or value that stands there, or of the last one that begins before."""
    found: tuple[tuple[int, int], Path] = ((0, 0), ())
    for place, path in _places(positions.tree, ()):
        if found[0] <= place <= (line, column):
            found = (place, path)
    return found[1]


def _about(documents: Documents, entity: str, kinds: Iterable[str]) -> Iterator[Located]:
    files = PackSource("", dict.fromkeys(documents, b""))
    return (one for one in locate(files)[0] if one.kind in kinds and one.name == entity)


def _may_say(one: Located, path: Path) -> bool:
    return one.kind == "entity" or path[0] in _EXTENDED


def _without_words(documents: Documents, start: tuple[str | int, ...]) -> Documents:
    """Without the translations of what begins so."""
    dotted = ".".join(map(str, start))
    for file in [f for f in documents if f.startswith("i18n/")]:
        for line in documents[file].splitlines():
            key = line.partition(":")[0].strip().strip("\"'")
            if key == dotted or key.startswith(f"{dotted}."):
                documents = with_text(documents, file, without_key(documents[file], (key,)))
    return documents


def with_text(documents: Documents, file: str, text: str) -> Documents:
    """The documents with this text under the path; without a text there is no such document."""
    return {**{f: t for f, t in documents.items() if f != file}, **({file: text} if text else {})}


def _file_of(documents: Documents, one: Difference) -> str:
    files = PackSource("", dict.fromkeys(documents, b""))
    known = (d.path for d in locate(files)[0] if (d.kind, d.name) == (one.kind, one.name))
    return next(known, _new_file(one))


def _new_file(one: Difference) -> str:
    folder = next((folder for folder, kind in FOLDERS.items() if kind == one.kind), "")
    name = next((name for name, kind in FILES.items() if kind == one.kind), one.name)
    return f"{folder}/{name}.yaml" if folder else f"{name}.yaml"


def _head(one: Difference) -> str:
    return f"{one.kind}: {one.name}\n" if one.kind in ("entity", "extend") else ""


def _places(node: Any, path: Path) -> Iterator[tuple[tuple[int, int], Path]]:
    """Where each key and value begins; a key after the value that it leads to comes later, as it is deeper."""
    children = node[2] if len(node) > 2 else None
    if isinstance(children, dict):
        for key, (line, column, inner) in children.items():
            yield (line, column), (*path, key)
            yield from _places(inner, (*path, key))
    elif isinstance(children, list):
        for index, inner in enumerate(children):
            yield (inner[0], inner[1]), (*path, index)
            yield from _places(inner, (*path, index))
