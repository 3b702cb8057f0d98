"""Which addresses pages may lead to."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_local(address: str) -> bool:
    """Whether an address leads to a page of this installation and nowhere else."""
    if not address.startswith("/") or address.startswith(("//", "/\\")) or not address.isprintable():
        return False
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc and "\\" not in address
