"""A pack in another version below a customisation: what is asked, what is kept, what is let go."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.metadata.builders import NO_CORE, a_pack, customised
from xrm.errors import Problems
from xrm.metadata import PackSource, judge
from xrm.metadata.definitions import Definitions
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.order import ordered_packs
from xrm.metadata.reading import ReadPack
from xrm.metadata.reconciling import Choice, Meeting, meet, mended

DEFINITIONS = Definitions(builtin_registry())
ACCOUNT = """\
entity: account
label: Account
title: name
fields:
  name: {type: text, label: Name}
  phone: {type: phone, help: For calls}
  fax: {type: phone}
  kind: {type: choice, options: {business: Business, household: Household, public: Public}}
"""
VIEW = "all: {type: list, label: All, columns: [name, phone, fax]}\n"
FORM = "main: {sections: {first: {rows: [[name, phone], [kind]]}}}\n"
OLD = {"entities/account.yaml": ACCOUNT, "views/account.yaml": VIEW, "forms/account.yaml": FORM}


def changed(**words: tuple[str, str]) -> Mapping[str, str]:
    """The files of the next version: in the document of that kind, words give way to others."""
    files = dict(OLD)
    for kind, (old, new) in words.items():
        path = {"entity": "entities", "view": "views", "form": "forms"}[kind] + "/account.yaml"
        assert old in files[path]
        files[path] = files[path].replace(old, new)
    return files


def read(*sources: PackSource) -> list[ReadPack]:
    return ordered_packs([DEFINITIONS.read(source) for source in sources], Problems())


def met(new: Mapping[str, str], ours: Mapping[str, str]) -> Meeting:
    before, after = read(NO_CORE, a_pack(OLD, "base")), read(NO_CORE, a_pack(new, "base"))
    return meet(before, after, DEFINITIONS.read(customised(ours)))


def keys(meeting: Meeting) -> list[str]:
    return [conflict.key for conflict in meeting.conflicts]


def decided(new: Mapping[str, str], ours: Mapping[str, str], choice: Choice) -> PackSource:
    meeting = met(new, ours)
    return mended(customised(ours), meeting, [(c, choice) for c in meeting.conflicts])


LABEL = {"entities/account.yaml": "label: Client\n"}


def test_what_the_pack_did_not_change_is_not_asked():
    assert met(changed(entity=("label: Name", "label: Title")), LABEL).conflicts == ()


def test_what_the_pack_changed_to_what_we_say_is_not_asked():
    assert met(changed(entity=("label: Account", "label: Client")), LABEL).conflicts == ()


def test_what_both_changed_is_asked_with_all_three_values_and_both_places():
    (conflict,) = met(changed(entity=("label: Account", "label: Company")), LABEL).conflicts
    assert conflict.key == "entities/account:label.en"
    assert (conflict.ours, conflict.before, conflict.theirs) == ("Client", "Account", "Company")
    assert (str(conflict.where), str(conflict.there)) == (
        "ours/entities/account.yaml:1:1",
        "base/entities/account.yaml:2:8",
    )
    assert conflict.sentence == (
        "entities/account:label.en: yours is Client; base had Account and now has Company."
    )


ASKED = [
    pytest.param(
        {"entity": ("household: Household", "household: Family")},
        {"entities/account.yaml": "fields: {kind: {options: {remove: [household]}}}\n"},
        ["entities/account:fields.kind.options.remove.household"],
        id="taken out by us, changed by them",
    ),
    pytest.param(
        {"entity": ("public: Public", "public: Public, ngo: NGO")},
        {"entities/account.yaml": "fields: {kind: {options: {add: {ngo: Charity}}}}\n"},
        ["entities/account:fields.kind.options.add.ngo"],
        id="added by both",
    ),
    pytest.param(
        {"entity": ("  fax: {type: phone}\n", "")},
        {"entities/account.yaml": "fields: {fax: {label: Telefax}}\n"},
        ["entities/account:fields.fax"],
        id="changed by us, taken out by them",
    ),
    pytest.param(
        {"entity": ("help: For calls", "help: For calls by day")},
        {"extend/account.yaml": "fields: {phone: {help: Our way, required: true}}\n"},
        ["extend/account:fields.phone.help.en"],
        id="in an extension",
    ),
    pytest.param(
        {"view": ("[name, phone, fax]", "[name, fax]")},
        {"views/account.yaml": "all: {columns: [phone]}\n"},
        ["views/account:all.columns"],
        id="a list as a whole",
    ),
    pytest.param(
        {"entity": ("  fax:", "  site: {type: url, label: Site}\n  fax:")},
        {"entities/account.yaml": "fields: {site: {type: url, label: Page}}\n"},
        ["entities/account:fields.site"],
        id="a field defined by both",
    ),
    pytest.param(
        {"view": ("[name, phone, fax]", "[name, kind, phone, fax]")},
        {"views/account.yaml": "all: {columns: {remove: [fax]}}\n"},
        [],
        id="a list in which each changed another item",
    ),
    pytest.param(
        {"form": ("[kind]", "[kind, fax]")},
        {"forms/account.yaml": "main: {sections: {first: {label: First}}}\n"},
        [],
        id="other keys of one section",
    ),
]


@pytest.mark.parametrize(("words", "ours", "asked"), ASKED)
def test_what_is_asked_after_an_upgrade(words: dict, ours: dict, asked: list[str]):
    assert keys(met(changed(**words), ours)) == asked


def test_translations_are_asked_by_their_key():
    before, after = (
        {**OLD, "i18n/pt.yaml": f"entities.account.label: {word}\n"} for word in ("Conta", "Empresa")
    )
    ours = {"i18n/pt.yaml": "entities.account.label: Cliente\n"}
    meeting = meet(
        read(NO_CORE, a_pack(before, "base")),
        read(NO_CORE, a_pack(after, "base")),
        DEFINITIONS.read(customised(ours)),
    )
    (conflict,) = meeting.conflicts
    assert conflict.key == "i18n/pt:entities.account.label"
    assert (conflict.pack, str(conflict.there)) == ("base", "base/i18n/pt.yaml:1:1")


# --- what follows from an answer ------------------------------------------------------------------------

REMARKED = "# our words\nlabel: Client # as the law says\nicon: star\n"


def test_their_value_comes_and_the_rest_of_our_text_stays():
    ours = {"entities/account.yaml": REMARKED}
    source = decided(changed(entity=("label: Account", "label: Company")), ours, Choice.TAKE)
    assert source.files["entities/account.yaml"] == b"# our words\nicon: star\n"


def test_our_value_stays_without_a_change_of_our_text():
    ours = {"entities/account.yaml": REMARKED}
    source = decided(changed(entity=("label: Account", "label: Company")), ours, Choice.KEEP)
    assert source.files["entities/account.yaml"].decode() == REMARKED


def test_a_document_that_says_nothing_any_more_is_gone():
    assert decided(changed(entity=("label: Account", "label: Company")), LABEL, Choice.TAKE).files == {}


GONE = changed(entity=("  fax: {type: phone}\n", ""), view=(", fax]", "]"))


def test_what_they_took_out_and_we_keep_is_ours_as_it_was():
    ours = {"entities/account.yaml": "fields:\n  fax: {label: Telefax}\n"}
    source = decided(GONE, ours, Choice.KEEP)
    assert source.files["entities/account.yaml"] == b"fields:\n  fax: {type: phone, label: {en: Telefax}}\n"
    judgement = judge([NO_CORE, a_pack(GONE, "base"), source])
    assert judgement.problems == ()
    fax = judgement.model.entities["account"].fields["fax"]
    assert (fax.pack, fax.label["en"], fax.type.name) == ("customisation", "Telefax", "phone")


def test_what_they_took_out_and_we_do_not_keep_goes():
    ours = {"entities/account.yaml": "fields:\n  fax: {label: Telefax}\n"}
    assert decided(GONE, ours, Choice.TAKE).files == {}


LET_GO = [
    pytest.param(
        "all: {columns: {remove: [fax, phone]}}\n", "all: {columns: {remove: [phone]}}\n", id="gone in both"
    ),
    pytest.param(
        "all: {columns: {add: [kind], after: fax}}\n", "all: {columns: {add: [kind]}}\n", id="its neighbour"
    ),
    pytest.param("all: {columns: {remove: [fax]}}\n", None, id="nothing else"),
]


@pytest.mark.parametrize(("ours", "left"), LET_GO)
def test_what_has_become_pointless_is_let_go_so_that_the_layers_fit(ours: str, left: str | None):
    files = {"views/account.yaml": ours}
    assert judge([NO_CORE, a_pack(GONE, "base"), customised(files)]).problems != ()
    meeting = met(GONE, files)
    source = mended(customised(files), meeting, [])
    assert meeting.conflicts == ()
    assert len(meeting.settled) == 1
    assert source.files.get("views/account.yaml") == (left.encode() if left else None)
    assert judge([NO_CORE, a_pack(GONE, "base"), source]).problems == ()


def test_a_column_that_both_added_stands_once():
    new = changed(view=("fax]", "fax, kind]"))
    files = {"views/account.yaml": "all: {columns: {add: [kind]}}\n"}
    source = mended(customised(files), met(new, files), [])
    assert judge([NO_CORE, a_pack(new, "base"), source]).problems == ()


def test_changes_of_an_entity_that_is_gone_can_only_go():
    new = {"entities/other.yaml": "entity: other\nfields: {name: {type: text}}\n"}
    (conflict,) = met(new, LABEL).conflicts
    assert not conflict.can_keep
    assert decided(new, LABEL, Choice.TAKE).files == {}


def test_the_same_question_has_the_same_mark_and_another_one_another():
    company = met(changed(entity=("label: Account", "label: Company")), LABEL).conflicts[0]
    again = met(changed(entity=("label: Account", "label: Company"), view=("All", "Every")), LABEL).conflicts[
        0
    ]
    firm = met(changed(entity=("label: Account", "label: Firm")), LABEL).conflicts[0]
    ours = {"entities/account.yaml": "label: Customer\n"}
    other = met(changed(entity=("label: Account", "label: Company")), ours).conflicts[0]
    assert company.mark == again.mark
    assert len({company.mark, firm.mark, other.mark}) == 3
