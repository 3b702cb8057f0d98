"""The whole way from files to the Model, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from xrm.collector import collector_paused
from xrm.errors import MetadataInvalid, Problem, Problems
from xrm.metadata.cache import DocumentCache
from xrm.metadata.checks import Check, Judged, builtin_checks, run_checks
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.fingerprint import fingerprint_of
from xrm.metadata.layers import Layers, build_layers
from xrm.metadata.likeness import copy_likenesses
from xrm.metadata.model import Model
from xrm.metadata.reading import Reader
from xrm.metadata.requirements import undeclared
from xrm.metadata.resolve import resolve
from xrm.metadata.seeds import Seed, seed_of
from xrm.metadata.sources import Layer, PackSource, core_source
from xrm.metadata.telling import told_of_all


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the files come to: a model as far as it can be made, and every problem, up to the published number."""

    model: Model
    problems: tuple[Problem, ...]


def judge(
    sources: Sequence[PackSource],
    *,
    types: Mapping[str, FieldType] | None = None,
    checks: Iterable[Check] | None = None,
    cache: DocumentCache | None = None,
    reader: Reader | None = None,
    whole: bool = False,
) -> Judgement:
    """Everything that is wrong with these packs together is known; nothing is raised.

    The core layer is part of every installation; it is read from this package unless it is among the sources. What
    disabled packs say is no part of the model, unless it is wanted `whole`. A `reader` stands for types and cache, and
    for what it has read before.
    """
    # Loading makes many values and no garbage; looking for some would cost half as much again.
    with collector_paused():
        known = reader or Reader(types if types is not None else builtin_registry(), cache)
        known_checks = checks if checks is not None else builtin_checks().values()
        return _judged(with_core(sources), known, known_checks, whole=whole)


def _judged(
    sources: Sequence[PackSource], reader: Reader, checks: Iterable[Check], *, whole: bool
) -> Judgement:
    packs = [reader.read(s) for s in sources]
    problems = Problems([p for pack in packs for p in pack.problems])
    layers = build_layers(packs, problems, whole=whole)
    copy_likenesses(layers, problems)
    model = resolve(layers, reader.types, problems)
    problems.extend(run_checks(checks, Judged(model, *_unsure(layers))))
    told = told_of_all(problems.found)
    model = model if told else replace(model, notes=(*model.notes, *undeclared(packs, model)))
    return Judgement(model if told else replace(model, fingerprint=fingerprint_of(model)), told)


def load_model(
    sources: Sequence[PackSource],
    *,
    types: Mapping[str, FieldType] | None = None,
    checks: Iterable[Check] | None = None,
    cache: DocumentCache | None = None,
    reader: Reader | None = None,
    whole: bool = False,
) -> Model:
    """The model that these packs make with the core layer; raises MetadataInvalid with all problems."""
    judgement = judge(sources, types=types, checks=checks, cache=cache, reader=reader, whole=whole)
    if judgement.problems:
        raise MetadataInvalid(judgement.problems)
    return judgement.model


def pack_seeds(source: PackSource, *, types: Mapping[str, FieldType] | None = None) -> tuple[Seed, ...]:
    """The pack's seeds in order: base, then demo; raises MetadataInvalid when its files have problems."""
    pack = Reader(types if types is not None else builtin_registry()).read(source)
    if pack.problems:
        raise MetadataInvalid(pack.problems)
    return tuple(seed_of(doc) for doc in pack.docs if doc.kind == "seed")


def with_core(sources: Sequence[PackSource]) -> Sequence[PackSource]:
    """The sources, with the core layer that comes with this package below them."""
    return sources if any(s.layer is Layer.CORE for s in sources) else (core_source(), *sources)


def _unsure(layers: Layers) -> tuple[frozenset[str], frozenset[str]]:
    """The entities some of whose steps or states, and those some of whose states, have no meaning."""
    lost = {
        name: [p for p in (*merged.broken, *merged.absent) if len(p) < 3 or p[-1] == "initial"]
        for name, merged in layers.lifecycles.items()
    }
    states = {name for name, paths in lost.items() if any(p[:1] != ("transitions",) for p in paths)}
    return frozenset(name for name, paths in lost.items() if paths), frozenset(states)
