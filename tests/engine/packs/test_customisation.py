"""The customisation: written as a whole, planned like a pack, promoted from one installation to another."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from xrm.engine.commands import Create
from xrm.engine.packs import Revision, laying, resetting
from xrm.errors import Forbidden, MetadataInvalid, NotFound, PlanRefused, XrmError
from xrm.metadata.customising import CUSTOMISATION, from_documents, is_customisation
from xrm.metadata.sources import PackSource, read_source
from xrm.testing import a_pack, admin_actor, an_actor, pack_from

DEAL = "title: name\nfields:\n  name: {type: text, required: true}\n  code: {type: text, label: Code}\n"
OURS = {
    "entities/badge.yaml": "entity: badge\nfields: {name: {type: text}}\n",
    "entities/deal.yaml": "# ours\nlabel:   Case\nfields:\n  tier: {type: choice, options: [gold, silver]}\n",
    "forms/deal.yaml": "main: {rows: [[name, tier]]}\n",
}
LABELS = {
    "entities/deal.yaml": "label: Matter\nfields: {code: {label: Number, help: As on the file}}\n",
    "forms/deal.yaml": "main: {rows: [[code], [name]]}\n",
    "views/deal.yaml": "all: {type: list, columns: [code, name]}\n",
    "i18n/pt.yaml": "entities.deal.label: Caso\n",
}


def revised(documents, *, mirror=False):
    return Revision(edit=laying(from_documents(documents), mirror=mirror))


def customise(runtime, documents, *, mirror=False):
    return runtime.packs.revise(revised(documents, mirror=mirror), runtime.installer)


def documents(runtime):
    source = runtime.packs.source(CUSTOMISATION)
    return {path: content.decode() for path, content in source.files.items()} if source else {}


@pytest.fixture
def runtime(make):
    return make([a_pack("sales", deal=DEAL)])


def test_what_an_organisation_changes_is_served_to_every_process_at_once(runtime, make):
    there = make(install=False)
    assert "badge" not in there.current().model.entities
    customise(runtime, OURS)
    snapshot, ana = there.current(), admin_actor(there)
    values = {"name": "Ship", "tier": "gold"}
    made = snapshot.records.execute(ana, [Create("deal", values), Create("badge", {"name": "B"})]).results[0]
    assert snapshot.queries.get(ana, "deal", made.id)["tier"] == "gold"
    assert snapshot.model.entities["deal"].label["en"] == "Case"


def test_what_was_written_is_kept_byte_by_byte(runtime):
    customise(runtime, OURS)
    assert documents(runtime) == OURS


def test_the_same_again_plans_and_changes_nothing(runtime, look):
    customise(runtime, OURS)
    before = look(runtime)
    for mirror in (False, True):
        assert runtime.packs.foresee(revised(OURS, mirror=mirror)).is_empty
        assert customise(runtime, OURS, mirror=mirror).layers == ()
    assert look(runtime) == before


def test_documents_replace_those_of_their_name_and_leave_the_others(runtime):
    customise(runtime, OURS)
    customise(runtime, {"forms/deal.yaml": "main: {rows: [[name]]}\n"})
    assert documents(runtime) == {**OURS, "forms/deal.yaml": "main: {rows: [[name]]}\n"}


def test_a_document_replaces_the_one_of_its_name_in_another_notation(runtime):
    customise(runtime, {"forms/deal.yaml": "main: {rows: [[name]]}\n"})
    customise(runtime, {"forms/deal.json": '{"main": {"rows": [["code"]]}}'})
    assert list(documents(runtime)) == ["forms/deal.json"]


def test_a_mirror_has_no_other_documents(runtime):
    customise(runtime, LABELS)
    customise(runtime, {"forms/deal.yaml": LABELS["forms/deal.yaml"]}, mirror=True)
    assert list(documents(runtime)) == ["forms/deal.yaml"]
    assert runtime.current().model.entities["deal"].label["en"] == "Deal"


def test_edits_of_what_is_shown_touch_no_table(runtime, look):
    before = look(runtime)
    proposal = runtime.packs.foresee(revised(LABELS))
    assert proposal.plan.sentences() == ()
    assert not proposal.is_empty
    assert "entity deal: new." in [d.sentence for d in proposal.differences]
    customise(runtime, LABELS)
    assert look(runtime)["schema"] == before["schema"]
    assert runtime.current().model.entities["deal"].label["pt"] == "Caso"


def test_the_way_from_test_to_production_leads_to_the_same_model(runtime, tmp_path):
    customise(runtime, OURS)
    customise(runtime, LABELS | {"entities/deal.yaml": OURS["entities/deal.yaml"]})
    folder = tmp_path / "production"
    other = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [a_pack("sales", deal=DEAL)])
    customise(other, documents(runtime), mirror=True)
    assert other.current().model.fingerprint == runtime.current().model.fingerprint
    assert other.packs.foresee(revised(documents(runtime), mirror=True)).is_empty
    other.close()


def test_nothing_of_people_and_secrets_is_among_the_documents(runtime):
    customise(runtime, OURS)
    person = an_actor(runtime, "Helena", ["system_admin"])
    told = repr(documents(runtime))
    assert "Helena" not in told
    assert str(person.id) not in told
    assert runtime.settings.secret_key not in told
    assert set(documents(runtime)) == set(OURS)


REFUSED = [
    pytest.param({"entities/deal.yaml": "fields: {name: {type: nonsense}}\n"}, "M117", id="a type"),
    pytest.param({"views/deal.yaml": "all: {type: list, columns: [nam]}\n"}, "M211", id="a name"),
    pytest.param({"entities/deal.yaml": "label: [\n"}, "M101", id="no yaml"),
    pytest.param({"entities/deal.yaml": "label: \ud800\n"}, "M105", id="no text"),
    pytest.param({"pack.yaml": "pack: x\nversion: 1.0.0\n"}, "M107", id="a manifest"),
    pytest.param({"seed/base.yaml": "records: []\n"}, "M107", id="a seed"),
    pytest.param({"../entities/deal.yaml": "label: X\n"}, "M107", id="out of the layer"),
    pytest.param({"forms/x/../../deal.yaml": "main: {rows: [[name]]}\n"}, "M107", id="a winding path"),
    pytest.param({"forms//deal.yaml": "main: {rows: [[name]]}\n"}, "M107", id="a path with a gap"),
    pytest.param({"forms/deal.yaml": "x" * (1024**2 + 1)}, "M104", id="too large"),
    pytest.param({"settings.yaml": "days: {type: integer, default: 1}\n"}, "M250", id="a setting"),
]


@pytest.fixture(scope="module")
def labelled(module_url, tmp_path_factory):
    """An installation with other labels, in which nothing changes any more."""
    made = make_runtime(module_url, tmp_path_factory.mktemp("labelled"), [a_pack("sales", deal=DEAL)])
    customise(made, LABELS)
    yield made
    made.close()


@pytest.mark.parametrize(("wrong", "code"), REFUSED)
def test_a_refused_customisation_changes_nothing_and_names_the_place(labelled, look, wrong, code):
    before = look(labelled)
    with pytest.raises(MetadataInvalid) as refused:
        customise(labelled, {**wrong, "i18n/es.yaml": "entities.deal.label: Caso\n"})
    found = [p for p in refused.value.problems if p.code == code]
    assert found, refused.value.problems
    assert next(iter(wrong)) in str(found[0].where)
    assert look(labelled) == before


def test_only_administrators_customise(labelled, look):
    ana, before = an_actor(labelled), look(labelled)
    with pytest.raises(Forbidden):
        labelled.packs.revise(revised(LABELS), ana)
    assert look(labelled) == before


def test_a_reset_of_what_is_not_customised_is_refused(labelled, look):
    before = look(labelled)
    with pytest.raises(NotFound) as refused:
        labelled.packs.revise(Revision(edit=resetting("deal.name.label")), labelled.installer)
    assert refused.value.first.code == "P154"
    assert look(labelled) == before


def test_two_who_customise_at_once_do_not_lose_what_the_other_did(runtime, make, monkeypatch):
    there, apply, met = make(install=False), type(runtime.packs)._apply, []

    def meeting_another(self, proposal, actor, *more):
        if self is runtime.packs and not met:
            met.append(customise(there, {"views/deal.yaml": LABELS["views/deal.yaml"]}))
        return apply(self, proposal, actor, *more)

    monkeypatch.setattr(type(runtime.packs), "_apply", meeting_another)
    customise(runtime, {"forms/deal.yaml": LABELS["forms/deal.yaml"]})
    assert set(documents(runtime)) == {"views/deal.yaml", "forms/deal.yaml"}


# --- taking back --------------------------------------------------------------------------------------------


def test_a_key_is_reset_to_what_the_layer_below_says(runtime):
    customise(runtime, LABELS)
    plan = runtime.packs.foresee(Revision(edit=resetting("deal.code.label")))
    assert [d.sentence for d in plan.differences] == [
        "entity deal: fields.code.label was Number and is nothing."
    ]
    runtime.packs.revise(Revision(edit=resetting("deal.code.label")), runtime.installer)
    code = runtime.current().model.entities["deal"].fields["code"]
    assert (code.label["en"], code.help["en"]) == ("Code", "As on the file")


def test_the_last_key_that_is_reset_leaves_the_customisation_empty(runtime):
    fingerprint = runtime.current().model.fingerprint
    customise(runtime, {"entities/deal.yaml": "label: Matter\n"})
    runtime.packs.revise(Revision(edit=resetting("deal.label")), runtime.installer)
    assert documents(runtime) == {}
    assert runtime.current().model.fingerprint == fingerprint


def test_a_field_of_ones_own_is_taken_back_like_any_other_removal(runtime, look):
    customise(runtime, OURS)
    edits = {"reset": resetting("deal.tier"), "mirror": laying(from_documents({}), mirror=True)}
    with pytest.raises(MetadataInvalid):  # the form still names it
        runtime.packs.foresee(Revision(edit=edits["reset"]))
    before, wiped = look(runtime), Revision(edit=edits["mirror"])
    with pytest.raises(PlanRefused) as refused:
        runtime.packs.revise(wiped, runtime.installer)
    assert refused.value.first.code == "S116"
    assert look(runtime) == before
    plan = runtime.packs.foresee(wiped).plan
    runtime.packs.revise(replace(wiped, confirmed=plan.hash), runtime.installer)
    assert "tier" not in runtime.current().model.entities["deal"].fields
    assert {"deal.tier", "badge"} <= {shadow.thing for shadow in runtime.packs.removed()}
    customise(runtime, OURS)
    assert runtime.packs.plan().is_empty


# --- what is not ours ---------------------------------------------------------------------------------------

FOREIGN = (
    "CREATE TABLE sales__report (id INTEGER PRIMARY KEY, title TEXT)",
    "CREATE TABLE deal (id INTEGER PRIMARY KEY)",
    "CREATE TABLE customisation__badge_copy (id INTEGER, version INTEGER)",
)


def test_tables_of_others_are_in_no_plan_and_stay_as_they_are(runtime):
    with runtime.database.write() as unit:
        for statement in FOREIGN:
            unit.execute(sa.text(statement))
        unit.execute(sa.text("INSERT INTO sales__report VALUES (1, 'Theirs')"))
    plan = runtime.packs.foresee(revised(OURS)).plan
    assert not any("report" in s or "badge_copy" in s for s in plan.sql(runtime.database.engine.dialect))
    customise(runtime, OURS)
    customise(runtime, {"forms/deal.yaml": OURS["forms/deal.yaml"]})
    assert runtime.packs.plan().is_empty
    with runtime.database.read() as unit:
        assert unit.execute(sa.text("SELECT title FROM sales__report")).scalars().all() == ["Theirs"]
        for table in ("deal", "customisation__badge_copy"):
            assert unit.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


# --- how a customisation is told from a pack -----------------------------------------------------------------


def test_a_folder_of_documents_without_manifest_and_seeds_is_a_customisation(tmp_path):
    for path, text in OURS.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    assert is_customisation(read_source(tmp_path))
    assert not is_customisation(pack_from(a_pack("sales", deal=DEAL)))
    assert not is_customisation(replace(pack_from(a_pack("sales")), files={}))
    seeded = {"seed/base.yaml": b"records: []\n", "entities/deal.yaml": DEAL.encode()}
    assert not is_customisation(PackSource("forgotten", seeded))


def test_settings_of_packs_are_among_what_is_customised(make):
    rule = "rules: {young: {must: code != settings.word}}\n"
    pack = a_pack("sales", {"settings.yaml": "word: {type: text, default: no}\n"}, deal=DEAL + rule)
    runtime = make([pack])
    ana = admin_actor(runtime)
    customise(runtime, {"settings.yaml": "word: {type: text, default: never}\n"})
    runtime.current().records.execute(ana, [Create("deal", {"name": "A", "code": "no"})])
    with pytest.raises(XrmError):
        runtime.current().records.execute(ana, [Create("deal", {"name": "B", "code": "never"})])
