"""The order of packs: lower layers first, each pack after all that it requires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from xrm.errors import Place, Problem, Problems
from xrm.metadata.names import near_hint
from xrm.metadata.parse import Doc
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import Layer
from xrm.metadata.versions import admits, range_fault

_FLOORS: Final = tuple(Layer)


def ordered_packs(packs: Sequence[ReadPack], problems: Problems) -> list[ReadPack]:
    """The packs in the order in which they build on each other; each name once."""
    unique = _unique(packs, problems)
    by_name = {p.name: p for p in sorted(unique, key=lambda p: (_FLOORS.index(p.layer), p.name))}
    ordered: dict[str, ReadPack] = {}
    for pack in by_name.values():
        problems.extend(_unmet(pack, by_name))
        _visit(pack, by_name, ordered, [], problems)
    return sorted(ordered.values(), key=lambda p: _FLOORS.index(p.layer))


def lenient_packs(ordered: Sequence[ReadPack]) -> set[str]:
    """The packs that lack something they require, directly or through another one."""
    installed, lenient = {p.name for p in ordered}, set[str]()
    for pack in ordered:
        required = needs(pack, "requires")
        if not required.keys() <= installed or not lenient.isdisjoint(required):
            lenient.add(pack.name)
    return lenient


def manifest_of(pack: ReadPack) -> Doc | None:
    """The pack's manifest, if it has a readable one."""
    return next((d for d in pack.docs if d.kind == "pack"), None)


def needs(pack: ReadPack, word: str) -> dict[str, str]:
    """The packs and ranges that the manifest names as `requires` or `optional`."""
    manifest = manifest_of(pack)
    return dict(manifest.body.get(word, {})) if manifest else {}


def _place(pack: ReadPack, *path: str) -> Place:
    manifest = manifest_of(pack)
    return manifest.source.key_at(path) if manifest else Place(pack.source)


def _unique(packs: Sequence[ReadPack], problems: Problems) -> list[ReadPack]:
    known: dict[str, ReadPack] = {}
    for pack in packs:
        if pack.name in known and manifest_of(pack):
            first = known[pack.name].source
            message = f'The pack "{pack.name}" comes from {first} already.'
            problems.add("M223", message, "Give one of them another name.", _place(pack, "pack"))
        known.setdefault(pack.name, pack)
    return list(known.values())


def _unmet(pack: ReadPack, known: Mapping[str, ReadPack]) -> Iterator[Problem]:
    for word in ("requires", "optional"):
        for name, range_ in needs(pack, word).items():
            where = _place(pack, word, name)
            fault = range_fault(range_)
            if fault:
                yield Problem("M224", fault, "Write a range as in >=1.0 or ^2.1 .", where)
            if name in known and not fault:
                yield from _version_problem(known[name], range_, where)
            elif word == "requires" and name not in known:
                others = [n for n in known if n != pack.name]
                hint = near_hint(name, others, f"Install {name} as well.")
                yield Problem("M220", f'The pack "{name}", which is required, is not installed.', hint, where)


def _version_problem(needed: ReadPack, range_: str, where: Place) -> Iterator[Problem]:
    manifest = manifest_of(needed)
    version = manifest.body.get("version") if manifest else None
    if version is not None and not admits(range_, version):
        message = f"{needed.name} {version} is installed; {range_} is required."
        yield Problem(
            "M221", message, f"Install another version of {needed.name}, or widen the range.", where
        )


def _visit(
    pack: ReadPack,
    known: Mapping[str, ReadPack],
    done: dict[str, ReadPack],
    trail: list[str],
    problems: Problems,
) -> None:
    if pack.name in done:
        return
    if pack.name in trail:
        circle = " → ".join([*trail[trail.index(pack.name) :], pack.name])
        asking = known[trail[-1]]
        word = "requires" if pack.name in needs(asking, "requires") else "optional"
        hint = "Take one of these requirements out."
        problems.add(
            "M222", f"Packs require each other in a circle: {circle}.", hint, _place(asking, word, pack.name)
        )
        return
    trail.append(pack.name)
    for need in sorted({**needs(pack, "requires"), **needs(pack, "optional")}):
        if need in known:
            _visit(known[need], known, done, trail, problems)
    trail.pop()
    done[pack.name] = pack
