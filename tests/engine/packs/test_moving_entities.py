"""An entity is of another pack from now on: its table, records and all that speaks of it go along."""

from dataclasses import replace

import pytest

from tests.engine.packs.living import ACCOUNT, DEAL, data, filled, go_back, house, read, shop, version
from xrm.engine.commands import Create, Target, Update
from xrm.engine.packs import Revision, laying
from xrm.engine.storage.steps import CreateIndex
from xrm.engine.views import Asked, Wanted
from xrm.errors import MetadataInvalid, PlanRefused
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.testing import a_pack, an_actor, pack_from

__all__ = ["filled", "house", "shop"]

MOVED = f"moved_from: sales\n{DEAL}"
NOTE = "title: name\nfields:\n  name: {type: text}\n"
ABOUT = {
    "roles.yaml": "seller:\n  label: Seller\n  grants:\n    deals: {entity: deal, can: [read, update]}\n",
    "options/colours.yaml": "options: [red, blue]\n",
    "views/deal.yaml": "ours: {type: list, columns: [name, colour]}\n",
    "forms/deal.yaml": "main: {rows: [[name, colour]]}\n",
}
COLOURED = DEAL.replace("  price:", "  colour: {type: choice, options: colours}\n  price:")


def a_version(name, *, needs="", number="1.0.0", **parts):
    """A pack that rests on another one, or on none."""
    files, entities = parts.pop("files", {}), parts
    said = f"pack: {name}\nlabel: A pack\nversion: {number}\n"
    manifest = said + (f"requires: {{{needs}: '>=1.0'}}\n" if needs else "")
    return pack_from(a_pack(name, {"pack.yaml": manifest, **files}, **entities))


def pipeline(deal=MOVED, **parts):
    """The pack that has the deal now, and rests on the one that has its accounts."""
    return a_version("pipeline", needs="sales", deal=deal, **parts)


def rest(**parts):
    """What is left of the pack that had it."""
    return a_version("sales", number="2.0.0", account=ACCOUNT, **parts)


def plan(runtime, *packs):
    return runtime.packs.foresee(Revision(packs, dev=True)).plan


def install(runtime, *packs, **more):
    confirmed = runtime.packs.foresee(Revision(packs, dev=True, **more)).plan
    hash_ = confirmed.hash if confirmed.destructive else ""
    return runtime.packs.revise(Revision(packs, dev=True, confirmed=hash_, **more), runtime.installer)


def uninstall(runtime, name):
    revision = runtime.removals.revision(runtime.installer, name)
    confirmed = runtime.packs.foresee(revision).plan
    hash_ = confirmed.hash if confirmed.destructive else ""
    runtime.packs.revise(replace(revision, confirmed=hash_), runtime.installer)


def refused(runtime, *packs):
    with pytest.raises((PlanRefused, MetadataInvalid)) as caught:
        plan(runtime, *packs)
    return [(p.code, p.message, p.hint, str(p.where)) for p in caught.value.problems]


def without_packs(tables):
    """The rows of each table by its name without the pack."""
    return {name.partition("__")[2]: rows for name, rows in tables.items()}


def test_a_deal_moves_with_its_records_and_links_and_nothing_is_copied(shop):
    runtime, ana, deal = shop
    before = without_packs(data(runtime))
    found = plan(runtime, rest(), pipeline())
    assert found.sentences()[0] == (
        "Move deal from the pack sales to pipeline: the table sales__deal becomes pipeline__deal."
    )
    assert not found.destructive
    assert {type(step) for step in found.steps if step.rows.touched} <= {CreateIndex}  # SQLite renames none
    install(runtime, rest(), pipeline())
    assert runtime.current().model.entities["deal"].pack == "pipeline"
    assert without_packs(data(runtime)) == before
    assert plan(runtime, rest(), pipeline()).is_empty
    runtime.current().records.execute(ana, [Update("deal", Target(deal), {"code": "B-2"})])
    assert read(runtime, ana, "deal", deal)["code"] == "B-2"


def test_what_speaks_of_the_deal_means_it_as_before_and_the_way_back_puts_it_where_it_was(shop):
    runtime, ana, deal = shop
    install(runtime, a_version("sales", account=ACCOUNT, deal=COLOURED, files=ABOUT))
    ours = {"entities/deal.yaml": "entity: deal\nlabel: Business\nfields:\n  note: {type: text}\n"}
    install(runtime, edit=laying(from_documents(ours), mirror=True))
    eva = an_actor(runtime, roles=["seller"], name="Eva")
    runtime.current().records.execute(ana, [Update("deal", Target(deal), {"colour": "red", "note": "hers"})])
    runtime.current().views.create(eva, "deal", Wanted("Mine", Asked(fields=("name", "colour"))))
    then, before = version(runtime), without_packs(data(runtime))

    install(runtime, rest(), pipeline(f"moved_from: sales\n{COLOURED}", files=ABOUT))
    model = runtime.current().model
    assert (model.entities["deal"].pack, model.entities["deal"].label["en"]) == ("pipeline", "Business")
    assert model.roles["seller"].pack == "pipeline"
    assert without_packs(data(runtime)) == before
    assert [view.name for view in runtime.current().views.shelf(eva, "deal").views] == ["Mine"]
    runtime.current().records.execute(eva, [Update("deal", Target(deal), {"colour": "blue"})])
    assert read(runtime, ana, "deal", deal)["note"] == "hers"

    go_back(runtime, then)
    assert runtime.current().model.entities["deal"].pack == "sales"
    assert read(runtime, eva, "deal", deal)["colour"] == "blue"
    assert [view.name for view in runtime.current().views.shelf(eva, "deal").views] == ["Mine"]
    assert "pipeline" not in [layer.name for layer in runtime.packs.list()]


def test_the_former_pack_goes_and_the_entity_stays(house):
    runtime, ana, _ = house
    install(runtime, a_version("papers", note=NOTE))
    note = runtime.current().records.execute(ana, [Create("note", {"name": "Kept"})]).results[0].id
    install(
        runtime, a_version("papers", number="2.0.0"), a_version("office", note=f"moved_from: papers\n{NOTE}")
    )
    assert not runtime.removals.look(runtime.installer, "papers").has_data
    uninstall(runtime, "papers")
    assert read(runtime, ana, "note", note)["name"] == "Kept"


def test_an_entity_moves_and_is_called_otherwise_at_once(house):
    runtime, ana, deal = house
    sale = f"moved_from: sales\nrenamed_from: deal\n{DEAL}".replace("[account, deal]", "[account, sale]")
    install(runtime, rest(), a_version("pipeline", needs="sales", sale=sale))
    assert read(runtime, ana, "sale", deal)["code"] == "A-1"
    assert not runtime.packs.removed()


def test_what_went_with_its_pack_comes_back_in_the_one_that_takes_it_over_and_in_no_other(house):
    runtime, ana, _ = house
    papers = a_version("papers", note=NOTE)
    install(runtime, papers)
    note = runtime.current().records.execute(ana, [Create("note", {"name": "Kept"})]).results[0].id
    then = version(runtime)
    uninstall(runtime, "papers")
    install(runtime, a_version("office", note=f"moved_from: papers\n{NOTE}"))
    assert read(runtime, ana, "note", note)["name"] == "Kept"
    install(runtime, gone=frozenset({"office"}))
    install(runtime, a_version("music", note=NOTE))
    assert data(runtime)["music__note"] == []
    go_back(runtime, then)
    assert read(runtime, ana, "note", note)["name"] == "Kept"


def test_what_an_organisation_made_itself_moves_into_a_pack(house):
    runtime, ana, _ = house
    ours = {"entities/note.yaml": f"entity: note\nlabel: Note\nplural: Notes\n{NOTE}"}
    install(runtime, edit=laying(from_documents(ours), mirror=True))
    note = runtime.current().records.execute(ana, [Create("note", {"name": "Kept"})]).results[0].id
    office = a_version("office", note=f"moved_from: {CUSTOMISATION}\n{NOTE}")
    install(runtime, office, edit=laying(from_documents({}), mirror=True))
    assert runtime.current().model.entities["note"].pack == "office"
    assert read(runtime, ana, "note", note)["name"] == "Kept"


@pytest.mark.parametrize("word", ["", "moved_from: sails\n"])
def test_what_would_be_of_another_pack_without_a_true_word_is_refused(house, word):
    runtime = house[0]
    said = ", and moved_from says sails" if word else ""
    assert refused(runtime, rest(), pipeline(f"{word}{DEAL}")) == [
        (
            "S126",
            f"deal is in the pack sales and would be in pipeline{said}.",
            "Write moved_from: sales there if its records go along, or give the new entity another name.",
            "pipeline/entities/deal.yaml:1:9",
        )
    ]


def test_an_entity_of_two_packs_is_refused_with_what_to_do_about_it(house):
    runtime = house[0]
    (problem,) = refused(runtime, pipeline())
    assert problem[:3] == (
        "M230",
        'The packs sales and pipeline both have an entity "deal".',
        "pipeline takes it over: install it together with a version of sales that has it no longer.",
    )
    (problem,) = refused(runtime, rest(), pipeline(), a_version("orders", needs="sales", deal=MOVED))
    assert problem[0] == "M230"
    assert problem[2] == "Only one of them can take it over: take it out of the other, or extend it there."
    (problem,) = refused(runtime, a_version("sales", account=ACCOUNT, deal=MOVED))
    assert problem[:2] == ("M237", "deal is in sales itself, which it would be moved from.")
