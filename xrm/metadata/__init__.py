"""Definitions: documents become a frozen Model. Pure: no database, no web.

files → documents → shape → parse → layers → resolve → checks → Model → fingerprint
"""

from xrm.metadata.cache import DocumentCache
from xrm.metadata.checks import Check, Judged
from xrm.metadata.codes import METADATA_CODES
from xrm.metadata.fingerprint import canonical_json, fingerprint_of
from xrm.metadata.loading import Judgement, judge, load_model, pack_seeds
from xrm.metadata.model import Model
from xrm.metadata.seeds import Seed, SeedRecord
from xrm.metadata.sources import Layer, PackSource, core_source, read_source
from xrm.metadata.typing_scope import ModelNames

__all__ = [
    "METADATA_CODES",
    "Check",
    "DocumentCache",
    "Judged",
    "Judgement",
    "Layer",
    "Model",
    "ModelNames",
    "PackSource",
    "Seed",
    "SeedRecord",
    "canonical_json",
    "core_source",
    "fingerprint_of",
    "judge",
    "load_model",
    "pack_seeds",
    "read_source",
]
