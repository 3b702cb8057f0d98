"""The customisation: what one organisation changed, as the same documents that packs are made of.

It has no manifest, for it has neither name nor version, and no seeds, for records are no definitions. By that a
folder or archive is known to be one. There is one in an installation, on top of all else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from xrm.errors import Place, Problem
from xrm.metadata.documents import locate
from xrm.metadata.limits import DOCUMENT_BYTES, PACK_BYTES, PACK_FILES
from xrm.metadata.sources import Layer, PackSource

CUSTOMISATION: Final = Layer.CUSTOMISATION.value
# Files of a customisation lie at its top or in one folder; nothing leads elsewhere.
_PATH: Final = re.compile(r"(?:[a-z0-9]+/)?[A-Za-z0-9][A-Za-z0-9_-]*\.(?:yaml|json)\Z")
_NONE: Final = PackSource(CUSTOMISATION, {}, Layer.CUSTOMISATION)


def is_customisation(source: PackSource) -> bool:
    """Whether these files are a customisation: documents, and neither a manifest nor seeds among them."""
    kinds = {one.kind for one in locate(source)[0]}
    return not source.problems and bool(kinds) and kinds.isdisjoint({"pack", "seed"})


def as_customisation(source: PackSource) -> PackSource:
    """The files as the top layer, with what stands against that."""
    found = dict.fromkeys((*source.problems, *_faults(source)))
    return replace(source, layer=Layer.CUSTOMISATION, problems=tuple(found), folder="")


def from_documents(documents: Mapping[str, str]) -> PackSource:
    """The customisation that these texts by path are; of too many none is read."""
    if len(documents) > PACK_FILES:
        return replace(_NONE, problems=(_too_many(),))
    files = {path: text.encode("utf-8", "surrogatepass") for path, text in documents.items()}
    return as_customisation(PackSource(CUSTOMISATION, files))


def laid_over(live: PackSource | None, given: PackSource, *, mirror: bool) -> PackSource:
    """The customisation with the documents of `given`: those of the same kind and name are replaced whole.

    With `mirror` it has no others.
    """
    if mirror:
        return given
    said = {(one.kind, one.name) for one in locate(given)[0]}
    kept = _NONE if live is None else live
    files = {one.path: kept.files[one.path] for one in locate(kept)[0] if (one.kind, one.name) not in said}
    return as_customisation(replace(given, files={**files, **given.files}))


def _faults(source: PackSource) -> Iterator[Problem]:
    if len(source.files) > PACK_FILES:
        yield _too_many()
    if sum(map(len, source.files.values())) > PACK_BYTES:
        message = f"The customisation holds more than {PACK_BYTES // 1024**2} MiB."
        yield Problem("M104", message, "Take out what is no longer needed.", Place(source.name))
    for path in sorted(source.files):
        yield from _faults_of(source, path)


def _too_many() -> Problem:
    message = f"The customisation holds more than {PACK_FILES:,} documents."
    return Problem("M104", message, "Take out what is no longer needed.", Place(CUSTOMISATION))


def _faults_of(source: PackSource, path: str) -> Iterator[Problem]:
    where = Place(f"{source.name}/{path}")
    if path.split("/", 1)[0] in ("seed", "pack.yaml", "pack.json"):
        message = "A customisation has no manifest and brings no records."
        yield Problem("M107", message, "Make a pack of it, or take this file out.", where)
    elif not _PATH.match(path):
        message = "This path is none that a document has."
        yield Problem("M107", message, "Name it as in entities/account.yaml.", where)
    if len(source.files[path]) > DOCUMENT_BYTES:
        message = f"A document may have {DOCUMENT_BYTES // 1024**2} MiB; this one has more."
        yield Problem("M104", message, "Split it into several files.", where)
