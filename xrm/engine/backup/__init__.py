"""Backups: everything of an installation in one archive, which either database takes back."""

from xrm.engine.backup.codes import BACKUP_CODES, ArchiveRefused
from xrm.engine.backup.manifest import Manifest
from xrm.engine.backup.native import write_native
from xrm.engine.backup.restoring import Restored, restore
from xrm.engine.backup.taking import Ground, digest_of, warnings_of, write_backup

__all__ = [
    "BACKUP_CODES",
    "ArchiveRefused",
    "Ground",
    "Manifest",
    "Restored",
    "digest_of",
    "restore",
    "warnings_of",
    "write_backup",
    "write_native",
]
