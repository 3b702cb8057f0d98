"""Packs in an installation: installed and seeded."""

from xrm.engine.packs.activation import DefinitionChanged, Freshness, done_again, was_overtaken
from xrm.engine.packs.codes import INSTALLATION_CODES
from xrm.engine.packs.layers import InstalledLayer
from xrm.engine.packs.parts import Parts
from xrm.engine.packs.people import ensure_installer
from xrm.engine.packs.planting import SeedRefused
from xrm.engine.packs.revision import Revision, laying, resetting
from xrm.engine.packs.service import Installed, PackService
from xrm.engine.packs.versions import Version
from xrm.metadata.reconciling import Choice

__all__ = [
    "INSTALLATION_CODES",
    "Choice",
    "DefinitionChanged",
    "Freshness",
    "Installed",
    "InstalledLayer",
    "PackService",
    "Parts",
    "Revision",
    "SeedRefused",
    "Version",
    "done_again",
    "ensure_installer",
    "laying",
    "resetting",
    "was_overtaken",
]
