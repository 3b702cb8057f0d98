"""Packs that an organisation does not use for now: they say nothing, and what others say of theirs waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from xrm.errors import Place, Problem, Problems
from xrm.metadata.names import near_hint
from xrm.metadata.order import needs
from xrm.metadata.parse import Doc
from xrm.metadata.positions import Path
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import Layer

KIND: Final = "packs"
_MEMBERS: Final = ("fields", "relationships", "keys", "duplicates", "rules")


def disabled_in(packs: Sequence[ReadPack], problems: Problems) -> frozenset[str]:
    """The names of the packs that the customisation disables; what cannot be disabled is a problem, and is not."""
    said = {
        name: doc.source.key_at((name,))
        for doc in _documents(packs, problems)
        for name, switch in doc.body.items()
        if isinstance(switch, dict) and switch.get("disabled")
    }
    problems.extend(_faults(packs, said))
    known = {pack.name for pack in packs if pack.layer is Layer.PACK}
    return frozenset(said.keys() & known)


def disabled_by(layers: Iterable[ReadPack]) -> frozenset[str]:
    """The packs that the customisation among these layers says are not in use."""
    docs = [
        doc for pack in layers if pack.layer is Layer.CUSTOMISATION for doc in pack.docs if doc.kind == KIND
    ]
    return frozenset(name for doc in docs for name, said in doc.body.items() if said.get("disabled"))


def _documents(packs: Iterable[ReadPack], problems: Problems) -> Iterator[Doc]:
    for pack in packs:
        for doc in pack.docs:
            if doc.kind == KIND and pack.layer is Layer.CUSTOMISATION:
                yield doc
            elif doc.kind == KIND:
                message = "Which packs are in use is said by an organisation, and by no pack."
                problems.add("M107", message, "Take the file out.", Place(doc.source.file))


def _faults(packs: Sequence[ReadPack], said: Mapping[str, Place]) -> Iterator[Problem]:
    known = [pack.name for pack in packs if pack.layer is Layer.PACK]
    for name, where in said.items():
        asking = [p.name for p in packs if name in needs(p, "requires") and p.name not in said]
        if name not in known:
            hint = near_hint(name, known, "Take the line out.")
            yield Problem("M228", f'There is no pack "{name}" that could be disabled.', hint, where)
        elif asking:
            message = f"{name} cannot be disabled: {', '.join(asking)} needs it."
            yield Problem("M228", message, f"Disable {asking[0]} first, or enable {name}.", where)


def members_in(doc: Doc) -> frozenset[Path]:
    """The paths of what an extension adds to an entity."""
    return frozenset((key, name) for key in _MEMBERS for name in doc.body.get(key, {}))


def parts_in(said: Mapping[str, object], below: Mapping[str, object]) -> Iterator[Path]:
    """The paths of the forms, sections and views that an extension adds to those below."""
    for name, part in said.items():
        known = below.get(name)
        if not isinstance(known, dict):
            yield (name,)
        elif isinstance(part, dict):
            sections, there = part.get("sections"), known.get("sections")
            if isinstance(sections, dict) and isinstance(there, dict):
                yield from ((name, "sections", section) for section in sections if section not in there)


def names_of(pack: ReadPack, doc: Doc) -> Doc:
    """Of a document of translations only what the pack is called."""
    label = f"packs.{pack.name}.label"
    return Doc(doc.source, {path: text for path, text in doc.body.items() if path == label})
