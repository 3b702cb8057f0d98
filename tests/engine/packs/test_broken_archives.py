"""Archives that are damaged in every way: refused with a place, or a pack; never a crash, never a part."""

from __future__ import annotations

import random
from collections.abc import Callable
from io import BytesIO
from zipfile import ZipFile

from xrm.engine.packs import Revision
from xrm.errors import MetadataInvalid, XrmError
from xrm.metadata.archiving import archive_of
from xrm.metadata.finding import pack_source
from xrm.testing import a_pack, pack_from

DEAL = "title: name\nfields:\n  name: {type: text, required: true}\n  kind: {type: choice, options: [a, b]}\n"
FILES = a_pack(
    "parts",
    {
        "forms/part.yaml": "main: {rows: [[name, kind]]}\n",
        "views/part.yaml": "all: {type: list, columns: [name, kind], filter: 'kind == \"a\"'}\n",
        "roles.yaml": "reader: {grants: {all: {entity: part, can: [read]}}}\n",
        "seed/base.yaml": "records:\n- {ref: one, entity: part, values: {name: One, kind: a}}\n",
        "i18n/pt.yaml": "entities.part.label: Peça\n",
    },
    part=DEAL,
)
WORDS = (
    b"{",
    b"}",
    b":",
    b"\t",
    b"\x00",
    b"\xff",
    b"&a ",
    b"*a",
    b"!!x ",
    b"- ",
    b"'",
    b"name",
    b"any",
    b"9" * 30,
)
Chance = random.Random


def flip(content: bytes, chance: Chance) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]


def cut(content: bytes, chance: Chance) -> bytes:
    return content[: chance.randrange(len(content))]


def drop(content: bytes, chance: Chance) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + content[at + chance.randrange(1, 40) :]


def put(content: bytes, chance: Chance) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.choice(WORDS) + content[at:]


DAMAGES: tuple[Callable[[bytes, Chance], bytes], ...] = (flip, cut, drop, put)


def damaged_archive(chance: Chance) -> bytes:
    """The archive with one damage: to its bytes, to a file in it, or to a name in it."""
    files = {path: text.encode() for path, text in FILES.items()}
    way = chance.randrange(3)
    if way == 0:
        content = archive_of(pack_from(FILES))
        for _ in range(chance.randrange(1, 4)):
            content = chance.choice(DAMAGES)(content, chance) or b"\n"
        return content
    path = chance.choice(sorted(files))
    if way == 1:
        files[path] = chance.choice(DAMAGES)(files[path], chance)
    else:
        names = (
            "../x.yaml",
            "/x.yaml",
            "a:b.yaml",
            "seed/../x.yaml",
            f"deep/{path}",
            f"{path}.json",
            "forms/é.yaml",
        )
        files[chance.choice(names)] = files.pop(path)
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_damaged_archive_is_refused_with_a_place_or_is_a_pack(make, look, tmp_path, scale):
    runtime, tries = make(), scale(30, 2000)
    before, file, refused = look(runtime), tmp_path / "parts.zip", 0
    for number in range(tries):
        file.write_bytes(damaged_archive(random.Random(number)))
        revision = Revision((pack_source(file),), dev=True)
        found = refusal(runtime.packs.foresee, revision)
        if found is not None:
            refused += 1
            demand_words(found, number)
        if found is None or refused % 10 == 0:  # an installation is refused like a plan, and slower
            found = refusal(runtime.packs.revise, revision, runtime.installer)
            before = before if found else whole(runtime, look)
            assert look(runtime) == before, number
    assert refused > tries / 4
    assert look(runtime) == before


def demand_words(found: XrmError, number: int) -> None:
    """The refusal says what is wrong, and where if it is in the files."""
    assert all(problem.message for problem in found.problems), number
    if isinstance(found, MetadataInvalid):
        assert all(str(problem.where) for problem in found.problems), (number, found.problems)


def whole(runtime, look):
    """How an installation looks that has come to its end."""
    assert runtime.packs.plan().is_empty
    assert "part" in runtime.current().model.entities
    return look(runtime)


def refusal(act: Callable[..., object], *arguments: object) -> XrmError | None:
    """What the act is refused with; anything but a refusal is raised."""
    try:
        act(*arguments)
    except XrmError as error:
        return error
    return None
