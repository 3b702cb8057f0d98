"""Fetches the third-party browser files named in `PICKS` and writes them here with licence and manifest.

Run it with network and npm at hand, from anywhere: `python xrm/ui/static/vendor/refresh.py`.
Raise a version in `PICKS`, run, and read the diff of `vendor.toml`: the tests hash every file against it.
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


def as_it_is(files: Mapping[str, bytes]) -> bytes:
    """The one file, unchanged."""
    (body,) = files.values()
    return body


def without_map_link(files: Mapping[str, bytes]) -> bytes:
    """The one file without its last line's pointer to a source map, which is not vendored."""
    return re.sub(
        rb"\n?(//# sourceMappingURL=\S+|/\*# sourceMappingURL=[^*]+\*/)\s*$", b"\n", as_it_is(files)
    )


def one_icon_a_line(files: Mapping[str, bytes]) -> bytes:
    """Icons as `name<TAB>shapes` lines, so that a server can pick some without parsing XML."""
    shapes = {
        Path(name).stem: re.search(r"<svg[^>]*>(.*)</svg>", body.decode(), re.DOTALL)
        for name, body in files.items()
    }
    lines = [f"{name}\t{_squeezed(found[1])}\n" for name, found in sorted(shapes.items()) if found]
    return "".join(lines).encode()


def _squeezed(shapes: str) -> str:
    return re.sub(r"\s*\n\s*", "", shapes).replace(" />", "/>")


@dataclass(frozen=True, slots=True)
class Pick:
    """One file made of one file, or of all files that match a pattern, of one npm package."""

    package: str
    version: str
    source: str
    file: str
    licence: str
    licence_files: tuple[str, ...]
    change: Callable[[Mapping[str, bytes]], bytes] = as_it_is

    @property
    def licence_name(self) -> str:
        return self.package.rsplit("/", 1)[-1].removesuffix(".org") + f"-{self.version}.LICENSE.txt"


def _inter(script: str) -> Pick:
    source = f"files/inter-{script}-wght-normal.woff2"
    return Pick(
        "@fontsource-variable/inter", "5.3.0", source, f"inter-5.3.0-{script}.woff2", "OFL-1.1", ("LICENSE",)
    )


def _swagger(source: str, file: str) -> Pick:
    licences = ("LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt")
    return Pick("swagger-ui-dist", "5.35.0", source, file, "Apache-2.0", licences, without_map_link)


PICKS = (
    Pick(
        "htmx.org", "4.0.1", "dist/htmx.min.js", "htmx-4.0.1.min.js", "0BSD", ("LICENSE",), without_map_link
    ),
    _inter("latin"),
    _inter("cyrillic"),
    Pick(
        "lucide-static",
        "1.62.0",
        "icons/*.svg",
        "lucide-1.62.0.icons.txt",
        "ISC",
        ("LICENSE",),
        one_icon_a_line,
    ),
    _swagger("swagger-ui-bundle.js", "swagger-ui-5.35.0.js"),
    _swagger("swagger-ui.css", "swagger-ui-5.35.0.css"),
)


def sha384(body: bytes) -> str:
    """The digest in the form that browsers use for subresource integrity."""
    return "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()


def packed(package: str, version: str, folder: Path) -> dict[str, bytes]:
    """Every file of a published package, by its path inside it."""
    subprocess.run(["npm", "pack", "--silent", f"{package}@{version}"], cwd=folder, check=True)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as tar:
        members = [m for m in tar.getmembers() if m.isfile()]
        read = {m.name.removeprefix("package/"): tar.extractfile(m) for m in members}
        return {name: stream.read() for name, stream in read.items() if stream is not None}


def fetched() -> Iterator[tuple[Pick, bytes, bytes]]:
    """Each pick with its bytes and the bytes of its licence."""
    seen: dict[tuple[str, str], dict[str, bytes]] = {}
    for pick in PICKS:
        key = (pick.package, pick.version)
        if key not in seen:
            with tempfile.TemporaryDirectory() as folder:
                seen[key] = packed(pick.package, pick.version, Path(folder))
        files = seen[key]
        licence = b"\n\n".join(files[name].strip() for name in pick.licence_files) + b"\n"
        chosen = {name: body for name, body in files.items() if fnmatch.fnmatch(name, pick.source)}
        yield pick, pick.change(chosen), licence


def manifest_entry(pick: Pick, body: bytes) -> str:
    """The lines of `vendor.toml` about one file."""
    derived = "" if pick.change is as_it_is else f'change = "{pick.change.__name__}"\n'
    return (
        f'[[file]]\npackage = "{pick.package}"\nversion = "{pick.version}"\nfile = "{pick.file}"\n'
        f'sha384 = "{sha384(body)}"\nlicence = "{pick.licence}"\nlicence_file = "{pick.licence_name}"\n'
        f'source = "npm:{pick.package}@{pick.version}/{pick.source}"\n{derived}'
    )


def main() -> int:
    """Files, licences and manifest are those of `PICKS`."""
    entries = []
    for pick, body, licence in fetched():
        (HERE / pick.file).write_bytes(body)
        (HERE / pick.licence_name).write_bytes(licence)
        entries.append(manifest_entry(pick, body))
    head = "# Written by refresh.py; every file below is hashed against it by the tests.\n\n"
    (HERE / "vendor.toml").write_text(head + "\n".join(entries))
    return 0


if __name__ == "__main__":
    sys.exit(main())
