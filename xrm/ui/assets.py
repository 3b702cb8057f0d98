"""Static files named by content: an address changes with the bytes behind it, and so may be kept for ever.

All files stand in memory; text is compressed when first asked for. Style sheets are joined in the order of
`STYLES`; the icon sprite holds the icons that pages use; scripts go as they are and share one digest,
because they import each other by relative address.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType

from flask import Blueprint, Response, abort, request

from xrm.ui.fields import CONTROLS

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
PREFIX = "/static"
STYLES = (
    "fonts", "tokens", "base", "shell", "controls", "form", "list", "board",
    "record", "around", "edit", "grid", "palette", "pages", "transfer", "small", "print",
)  # fmt: skip
SPRITE = "icons.svg"
STYLE_SHEET = "app.css"
# Sheets that only the pages load that have a use for them, with the files that are joined in each.
SHEETS: Mapping[str, tuple[str, ...]] = MappingProxyType({STYLE_SHEET: STYLES, "lists.css": ("looks",)})
UNKNOWN_ICON = "box"
FOREVER = "public, max-age=31536000, immutable"

_COMPRESSED = {".css", ".js", ".svg", ".json", ".txt"}


@dataclass(frozen=True)
class Asset:
    """One file as it is sent: name, bytes, media type and digest."""

    name: str
    body: bytes
    media_type: str
    digest: str

    @cached_property
    def squeezed(self) -> bytes | None:
        """The bytes compressed, where that helps; done once, when first asked for."""
        return gzip.compress(self.body, 9, mtime=0) if Path(self.name).suffix in _COMPRESSED else None

    @property
    def url(self) -> str:
        """The address under which these very bytes will always be found."""
        return f"{PREFIX}/{self.digest}/{self.name}"


@dataclass(frozen=True)
class Assets:
    """All static files of a process. `url` and `icon` give addresses for templates."""

    files: Mapping[str, Asset]
    icons: frozenset[str] = field(default_factory=frozenset)
    drawn: Mapping[str, str] = field(default_factory=dict)

    def url(self, name: str) -> str:
        """The address of a file; a name without a file is a fault of the template and raises KeyError."""
        return self.files[name].url

    def icon(self, name: str) -> str:
        """The address of an icon's symbol: in the sprite, else alone; an unknown name gives a plain box."""
        known = name if name in self.drawn else UNKNOWN_ICON
        if known in self.icons:
            return f"{self.url(SPRITE)}#{known}"
        return f"{PREFIX}/{self.files[SPRITE].digest}/icon/{known}.svg#{known}"

    def has_icon(self, name: str) -> bool:
        """Whether a pack may name this icon."""
        return name in self.drawn

    @cached_property
    def scripts(self) -> tuple[str, ...]:
        """The addresses of the modules that every page loads, in the order of their names."""
        return tuple(a.url for name, a in sorted(self.files.items()) if is_kernel(name))


def is_kernel(name: str) -> bool:
    """Whether every page loads this module; those in `js/on` are loaded by the pages that have a use for them."""
    return name.startswith("js/") and not name.startswith("js/on/")


def load_assets(extra_icons: Iterable[str] = (), root: Path = STATIC) -> Assets:
    """Every static file under `root` is read, named by content and compressed.

    `extra_icons` are names that the model uses; they join those found in templates in the one sprite.
    """
    drawn, used, fixed = _shipped() if root == STATIC else _same_for_all(root)
    wanted = {*used, *extra_icons, UNKNOWN_ICON, *(c.icon for c in CONTROLS.values())}
    names = frozenset(wanted & drawn.keys())
    files = {**fixed, SPRITE: make_asset(SPRITE, sprite(drawn, sorted(names)))}
    return Assets(files=files, icons=names, drawn=drawn)


@cache
def _shipped() -> tuple[dict[str, str], set[str], dict[str, Asset]]:
    """What comes with this program is read once in a process."""
    return _same_for_all(STATIC)


def _same_for_all(root: Path) -> tuple[dict[str, str], set[str], dict[str, Asset]]:
    """The icons that are drawn, those that templates use, and the files, whatever the model uses."""
    files = {a.name: a for a in _read_files(root)}
    sheets = {name: make_asset(name, joined_styles(root, files, parts)) for name, parts in SHEETS.items()}
    return drawn_icons(root), icons_in_use(), {**files, **sheets}


def make_asset(name: str, body: bytes, digest: str = "") -> Asset:
    """The asset of these bytes under that name."""
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type in ("application/javascript", "text/javascript"):
        media_type = "text/javascript"
    return Asset(name, body, media_type, digest or digest_of(body))


def digest_of(*bodies: bytes) -> str:
    """A short digest of these bytes, the same in every process."""
    sha = hashlib.sha256()
    for body in bodies:
        sha.update(body)
    return sha.hexdigest()[:12]


def _read_files(root: Path) -> Iterator[Asset]:
    found = {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if _is_sent(p)}
    kernel = digest_of(*(body for name, body in found.items() if name.startswith("js/")))
    for name, body in found.items():
        yield make_asset(name, body, kernel if name.startswith("js/") else "")


def _is_sent(path: Path) -> bool:
    if not path.is_file() or path.name.endswith((".py", ".toml", ".icons.txt")):
        return False
    return path.parent.name not in ("css", "__pycache__")


def joined_styles(root: Path, files: Mapping[str, Asset], parts: Iterable[str] = STYLES) -> bytes:
    """One style sheet out of these files, without comments, pointing at fonts by their address."""
    text = "\n".join((root / "css" / f"{name}.css").read_text() for name in parts)
    bare = re.sub(r"\s*\n\s*", "\n", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
    return re.sub(r'url\("(vendor/[^"]+)"\)', lambda m: f'url("{files[m[1]].url}")', bare).encode()


def drawn_icons(root: Path = STATIC) -> dict[str, str]:
    """The shapes of every icon of the vendored set, by name."""
    (source,) = (root / "vendor").glob("lucide-*.icons.txt")
    return dict(line.split("\t", 1) for line in source.read_text().splitlines())


def icons_in_use(templates: Path = TEMPLATES) -> set[str]:
    """The words in quotes inside every `icon(...)` of the templates."""
    texts = (path.read_text() for path in templates.rglob("*.html"))
    calls = (call for text in texts for call in re.findall(r"\bicon\(([^)]*)\)", text))
    return {name for call in calls for name in re.findall(r'"([a-z0-9-]+)"', call)}


def sprite(drawn: Mapping[str, str], names: Iterable[str]) -> bytes:
    """An SVG file with one symbol for each name."""
    symbols = "".join(f'<symbol id="{name}" viewBox="0 0 24 24">{drawn[name]}</symbol>' for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>'.encode()


def static_assets(assets: Assets) -> Blueprint:
    """The routes under `/static`; register it on an app made with `static_folder=None`."""
    blueprint = Blueprint("static_assets", __name__)

    def send(digest: str, name: str) -> Response:
        asset = _wanted(assets, name)
        return answer(asset, is_current=digest == asset.digest)

    blueprint.add_url_rule(f"{PREFIX}/<digest>/<path:name>", view_func=send)
    return blueprint


def _wanted(assets: Assets, name: str) -> Asset:
    if name in assets.files:
        return assets.files[name]
    icon = name.removeprefix("icon/").removesuffix(".svg")
    if name != f"icon/{icon}.svg" or not assets.has_icon(icon):
        abort(404)
    return make_asset(name, sprite(assets.drawn, [icon]), assets.files[SPRITE].digest)


def answer(asset: Asset, is_current: bool) -> Response:
    """The file, compressed if the browser takes it; under an older name it is sent but not kept."""
    etag = f'"{asset.digest}"'
    if etag in request.headers.get("If-None-Match", ""):
        response = Response(status=304)
    elif asset.squeezed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        response = Response(asset.squeezed, mimetype=asset.media_type, headers={"Content-Encoding": "gzip"})
    else:
        response = Response(asset.body, mimetype=asset.media_type)
    response.headers["ETag"] = etag
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = FOREVER if is_current else "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
