"""The problem codes of backups, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xrm.errors import Place, Problem, XrmError

BACKUP_CODES: Mapping[str, str] = MappingProxyType(
    {
        "B100": "The archive cannot be restored; nothing was changed.",
        "B101": "The file is no archive of xrm, or it is damaged or cut short.",
        "B102": "The archive holds what its manifest does not name, or lacks what it names.",
        "B103": "What the archive holds is not what its manifest says: it was changed or damaged.",
        "B104": "The archive was made by a later version of this program.",
        "B105": "A line of the archive cannot be read.",
        "B106": "The database to restore into is not empty.",
        "B107": "A restore was interrupted, and nothing is served before it is repeated.",
        "B108": "The backup cannot be written there.",
        "B109": "A column of a table of ours holds what this program does not write.",
        "B110": "A program that the database's own backup needs is missing or failed.",
        "B111": "There is not enough room for what the archive holds.",
        "B112": "What the archive holds does not fit the tables that its definitions ask for.",
        "B113": "After the restore the database would hold something else than the archive.",
        "B114": "The secret key is another one than where the backup was taken.",
    }
)
NEWER = "Restore it with that version of xrm or a later one."
ANOTHER = "Take another backup, or fetch this one again."


class ArchiveRefused(XrmError):
    """The archive cannot be restored; nothing was changed."""

    code, title = "B100", "Archive refused"


def damaged(
    place: str, message: str = "The file is no archive of xrm, or it is cut short."
) -> ArchiveRefused:
    """The refusal of what cannot be read at all."""
    return ArchiveRefused(Problem("B101", message, ANOTHER, Place(file=place)))


def changed(place: str, message: str) -> ArchiveRefused:
    """The refusal of what is not as the manifest says."""
    return ArchiveRefused(Problem("B103", message, ANOTHER, Place(file=place)))


def misfit(place: str, message: str) -> ArchiveRefused:
    """The refusal of what the tables cannot hold."""
    return ArchiveRefused(unfit(place, message))


def unfit(place: str, message: str) -> Problem:
    """One thing that the tables cannot hold."""
    return Problem("B112", message, "Restore it with the version of xrm that made it.", Place(file=place))


def no_line(place: str, line: int, message: str) -> ArchiveRefused:
    """The refusal of one line of a table."""
    return ArchiveRefused(Problem("B105", message, ANOTHER, Place(file=place, line=line, column=1)))
