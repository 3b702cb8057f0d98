"""The problem codes of installing and serving, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

INSTALLATION_CODES: Mapping[str, str] = MappingProxyType(
    {
        "P100": "Records of a seed are refused; each problem has its own code.",
        "P101": "Records of a seed need each other in a ring of required lookups.",
        "P102": "A seed gives people a team or a unit that does not exist.",
        "P110": "The version of the pack is installed with other content.",
        "P111": "A later version of the pack is installed.",
        "P112": "The installation was made by a later version of this program.",
        "P120": "Other definitions were activated while the request was under way.",
        "P121": "Nothing is installed yet.",
        "P122": "Somebody can sign in already, so nothing is set up again.",
        "P123": "The key of the first run is missing or wrong.",
        "P124": "A pack was chosen in the first run that is not at hand.",
        "P130": "The server cannot listen on its address.",
        "P140": "Sample data is being added or removed.",
        "P150": "A pack changed what the customisation changed too; somebody has to say which of them holds.",
        "P151": "An answer is about no conflict, or cannot be carried out.",
        "P152": "Other packs require a pack that should go.",
        "P153": "A layer that is no pack cannot go.",
        "P154": "The customisation says nothing of what should be reset.",
        "P155": "A folder for the customisation holds a pack.",
        "P156": "Records would go with a pack, and nothing was said of an export.",
        "P157": "There is no such version of the definitions, or it cannot be gone back to.",
        "P158": "A pack is disabled already, or in use already; or it has to be in use for this.",
        "P160": "Somebody else has changed the draft of the definitions meanwhile.",
        "P161": "The customisation has changed since the draft was begun.",
        "P162": "A draft would empty or take out what a pack says, or have a label or option twice, or no such option.",
        "P163": "A definition in a draft has no name that it can have: none is made of its label, or it is taken.",
        "P164": "A file or folder cannot be written where it was asked for.",
    }
)
