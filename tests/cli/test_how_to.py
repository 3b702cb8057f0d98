"""How-to pages for those who shape an application: their files make a pack, one page going on where another ended."""

import re

import pytest

from tests.support.project import ROOT

GUIDES = ROOT / "docs/how-to"
LIFE, BOARD, MENU, WORDS, VALUES = (
    GUIDES / f"{name}.md"
    for name in (
        "give-records-a-life-cycle",
        "make-a-board",
        "arrange-the-menu",
        "translate-a-pack",
        "compute-values",
    )
)
BLOCK = re.compile(r"`(\w+/[\w/.]+)`\n```yaml\n(.*?)```", re.DOTALL)


def pack_of(folder, *pages):
    """The folder that a reader of these pages has at the end of the last."""
    for page in pages:
        blocks = BLOCK.findall(page.read_text())
        assert blocks, page
        for path, text in blocks:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
    return folder / path.partition("/")[0]


@pytest.mark.parametrize(
    "pages",
    [(LIFE,), (LIFE, BOARD), (LIFE, MENU), (LIFE, BOARD, WORDS), (LIFE, BOARD, MENU, WORDS), (VALUES,)],
    ids=lambda pages: pages[-1].stem,
)
def test_the_pack_of_a_page_is_sound(xrm, tmp_path, pages):
    result = xrm("check", pack_of(tmp_path, *pages))
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_translation_that_leads_nowhere_is_told(xrm, tmp_path):
    pack = pack_of(tmp_path, LIFE, BOARD, WORDS)
    words = pack / "i18n/pt.yaml"
    words.write_text(words.read_text().replace("fields.fault.label", "fields.flaw.label"))
    result = xrm("check", pack)
    assert "i18n/pt.yaml:5" in result.stdout + result.stderr


def test_a_guard_that_names_no_field_is_told(xrm, tmp_path):
    pack = pack_of(tmp_path, LIFE)
    life = pack / "lifecycles/repair.yaml"
    life.write_text(life.read_text().replace("requires: [price]", "requires: [prize]"))
    result = xrm("check", pack)
    assert result.exit_code == 1
    assert "price" in result.stderr


def test_the_product_speaks_the_languages_that_the_page_names():
    from xrm.ui.i18n import LANGUAGES

    names = {"en": "English", "pt": "Portuguese", "es": "Spanish", "ru": "Russian"}
    assert set(names) == set(LANGUAGES)
    assert all(name in WORDS.read_text() for name in names.values())
