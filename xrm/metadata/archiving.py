"""A pack as a zip archive: the same bytes for the same files, whoever writes it and when."""

from __future__ import annotations

from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from xrm.metadata.sources import PackSource

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that the format knows


def archive_of(source: PackSource) -> bytes:
    """The archive with the files at its top, in order."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for path in sorted(source.files):
            entry = ZipInfo(path, _LONG_AGO)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, source.files[path])
    return buffer.getvalue()
