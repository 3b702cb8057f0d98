"""The published limits of definitions: what one document, one pack and one entity may hold."""

from __future__ import annotations

from typing import Final

DOCUMENT_BYTES: Final = 1024 * 1024
DOCUMENT_DEPTH: Final = 60
DOCUMENT_NODES: Final = 100_000
PACK_FILES: Final = 2_000
PACK_BYTES: Final = 32 * 1024 * 1024
PROBLEMS_PER_DOCUMENT: Final = 50
PROBLEMS: Final = 500
FIELDS_PER_ENTITY: Final = 500
ROW_BYTES: Final = 7_632  # PostgreSQL has 8,160; the rest is for the head of the row and system fields
LOOKUPS_PER_ENTITY: Final = 200
SCENARIO_STEPS: Final = 500
