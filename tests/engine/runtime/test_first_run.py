"""The first run: a key, a form, and an installation that somebody can sign in to."""

from dataclasses import replace

import pytest

from xrm.engine.commands import Create
from xrm.engine.identity import SESSION_COOKIE
from xrm.engine.runtime.first_run import Answers
from xrm.errors import Conflict, Forbidden, Invalid
from xrm.testing import make_runtime, make_settings

ANA = Answers(
    "Iron & Oak", "Ana Prates", "ana@iron.example", "four quiet green horses", "pt", "Europe/Lisbon"
)
ITEM = "entity: item\nlabel: Item\nplural: Items\nfields: {name: {type: text}}\n"
PACK = (
    "pack: things\nlabel: Things\nversion: 1.0.0\nsummary: Whatever lies about.\nrequires: {base: '>=1.0'}\n"
)
BASE = "pack: base\nlabel: {en: Base, pt: Fundação}\nversion: 1.0.0\n"


@pytest.fixture
def runtime(database_url, tmp_path):
    folder = tmp_path / "packs"
    for name, manifest in {"things": PACK, "base": BASE}.items():
        (folder / name / "entities").mkdir(parents=True)
        (folder / name / "pack.yaml").write_text(manifest, encoding="utf-8")
    (folder / "things/entities/item.yaml").write_text(ITEM, encoding="utf-8")
    settings = make_settings(database_url, tmp_path, packs=(folder,))
    made = make_runtime(database_url, tmp_path, settings=settings)
    yield made
    made.close()


def test_it_names_the_organisation_and_lets_its_administrator_in(runtime):
    assert runtime.first_run.is_open
    user = runtime.first_run.finish(runtime.first_run.key, replace(ANA, packs=("things",)))
    session = runtime.identity.sign_in("ana@iron.example", "four quiet green horses")
    actor = runtime.identity.resolve_session(session.token)
    assert (actor.id, actor.language, actor.zone) == (user, "pt", "Europe/Lisbon")
    assert "system_admin" in actor.roles
    assert {"item"} <= runtime.current().model.entities.keys()
    assert runtime.current().organisation.name == "Iron & Oak"
    assert SESSION_COOKIE


def test_every_process_knows_the_key_and_another_installation_does_not(runtime, tmp_path, database_url):
    other = make_runtime(database_url, tmp_path, settings=runtime.settings, install=False)
    assert other.first_run.key == runtime.first_run.key
    other.close()
    elsewhere = make_runtime(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other")
    assert elsewhere.first_run.key != runtime.first_run.key
    elsewhere.close()


@pytest.mark.parametrize("key", ["", "0" * 32, "é\udcff"])
def test_without_the_key_nothing_is_set_up(runtime, key):
    with pytest.raises(Forbidden) as refused:
        runtime.first_run.finish(key, ANA)
    assert refused.value.first.code == "P123"
    assert runtime.first_run.is_open


def test_once_somebody_can_sign_in_the_key_opens_nothing(runtime):
    key = runtime.first_run.key
    runtime.first_run.finish(key, ANA)
    with pytest.raises(Conflict) as refused:
        runtime.first_run.finish(key, replace(ANA, email="eve@iron.example"))
    assert refused.value.first.code == "P122"
    assert runtime.directory.user("eve@iron.example") is None


def test_of_two_who_are_quick_one_becomes_administrator(runtime, tmp_path, database_url, monkeypatch):
    other = make_runtime(database_url, tmp_path, settings=runtime.settings, install=False)
    # The other one looked before the first was done.
    monkeypatch.setattr(type(other.first_run), "demand_key", lambda self, given: None)
    runtime.first_run.finish(runtime.first_run.key, ANA)
    with pytest.raises(Conflict):
        other.first_run.finish("", replace(ANA, email="eve@iron.example", organisation="Eve's"))
    assert runtime.directory.user("eve@iron.example") is None
    assert runtime.current().organisation.name == "Iron & Oak"
    other.close()


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_done(runtime):
    wrong = Answers(" ", "", "nobody", "short", packs=("things", "thingz"))
    with pytest.raises(Invalid) as refused:
        runtime.first_run.finish(runtime.first_run.key, wrong)
    assert [p.where.path for p in refused.value.problems] == [
        "organisation", "name", "email", "password", "packs",
    ]  # fmt: skip
    assert "item" not in runtime.current().model.entities
    assert runtime.first_run.is_open


def test_packs_are_offered_in_words_with_those_that_they_need_first(runtime):
    offers = {offer.name: offer for offer in runtime.first_run.offers()}
    assert list(offers).index("base") < list(offers).index("things")
    assert (offers["things"].requires, offers["things"].entities) == (("base",), 1)
    assert offers["things"].summary["en"] == "Whatever lies about."
    assert offers["base"].label["pt"] == "Fundação"
    assert "crm_sales" in offers


def test_a_broken_pack_does_not_hide_the_others(runtime):
    (runtime.settings.packs[0] / "things/entities/item.yaml").write_text("entity: [", encoding="utf-8")
    offered = {offer.name for offer in runtime.first_run.offers()}
    assert "things" not in offered
    assert {"base", "crm_core", "crm_sales"} <= offered


def test_first_steps_tick_themselves_and_seeds_tick_none(runtime):
    user = runtime.first_run.finish(runtime.first_run.key, replace(ANA, packs=("things",)))
    runtime.current().records.execute(runtime.installer, [Create("item", {"name": "Planted"})])
    steps = runtime.first_run.steps()
    assert (steps.pack, steps.record, steps.imported, steps.colleague) == (True, False, False, False)
    ana = runtime.identity.actor(user, door="api")
    runtime.identity.people.create_user(ana, email="rui@iron.example", name="Rui")
    assert not runtime.first_run.steps().record
    runtime.current().records.execute(ana, [Create("item", {"name": "Mine"})])
    steps = runtime.first_run.steps()
    assert (steps.record, steps.colleague, steps.view) == (True, True, False)


def test_an_empty_database_can_be_served_before_packs_are_chosen(database_url, tmp_path):
    runtime = make_runtime(database_url, tmp_path, install=False)
    runtime.first_run.prepare()
    assert runtime.current().model.packs.keys() == {"core"}
    runtime.first_run.prepare()
    runtime.close()
