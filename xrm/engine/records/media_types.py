"""The media type of a file: pictures by what is inside, everything else by what the name says."""

from __future__ import annotations

import mimetypes

from xrm.engine.storage.files import ANY_TYPE

HEAD = 16
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def media_type_of(name: str, head: bytes) -> str:
    """The type of a file with this name that begins with `head`.

    A picture is one only if its content is; a name alone makes none. SVG is no picture here: it can run scripts.
    """
    inside = picture_type(head)
    if inside:
        return inside
    said = mimetypes.guess_type(name)[0] or ANY_TYPE
    return ANY_TYPE if said in PICTURES else said


def picture_type(head: bytes) -> str:
    """Which of the pictures begins so; empty when none does."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else ""
