"""A title that is made of something else calls every record so at once; nothing tells what it was made of before."""

import pytest

from tests.engine.packs.conftest import Make
from xrm.engine.commands import Create, Delete, Target
from xrm.engine.packs import Revision
from xrm.engine.queries.request import Page
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack, admin_actor, an_actor, pack_from

FIELDS = """
fields:
  name: {type: text, search: true}
  secret: {type: text}
  size: {type: text}
"""
SEEN = "clerk:\n  label: Clerk\n  grants: {all: {entity: thing, can: [read]}}\n"
UNSEEN = SEEN.replace("[read]", "[read], fields: {except: [secret]}")


def changed(runtime: Runtime, title: str, roles: str = SEEN, fields: str = FIELDS) -> list[str]:
    """The steps to that title."""
    pack = a_pack("sales", {"roles.yaml": roles}, thing=f"title: {title}\n{fields}")
    revision = Revision((pack_from(pack),), dev=True)
    return list(runtime.packs.revise(revision, runtime.installer).steps)


def told(runtime: Runtime, actor, record) -> str:
    """All that the actor is told of the record."""
    queries = runtime.current().queries
    pages: list[Page] = [queries.history(actor, "thing", record), queries.changes(actor)]
    shown = [queries.get(actor, "thing", record), queries.timeline(actor, "thing", record).data]
    return repr([*(page.data for page in pages), *shown, found(runtime, actor, "Hush")])


def found(runtime: Runtime, actor, words: str) -> list[str]:
    return [str(hit["title"]) for hit in runtime.current().queries.search(actor, words)]


def test_what_a_title_was_made_of_is_told_no_longer(make: Make):
    pack = a_pack("sales", {"roles.yaml": SEEN}, thing=f"title: secret\n{FIELDS}")
    runtime = make([pack])
    ana, clerk = admin_actor(runtime), an_actor(runtime, "Clerk", ["clerk"])
    record = runtime.current().records.execute(ana, [Create("thing", {"name": "Vat", "secret": "Hush"})])
    one = record.results[0].id
    assert "Hush" in told(runtime, clerk, one)
    steps = changed(runtime, "name", UNSEEN)
    assert steps == ["Make the titles of thing anew (sales__thing)."]
    assert "Hush" not in told(runtime, clerk, one)
    assert found(runtime, clerk, "Vat") == ["Vat"]


def test_titles_follow_their_definition_forth_and_back_in_the_trash_too(make: Make):
    pack = a_pack("sales", {"roles.yaml": SEEN}, thing=f"title: name\n{FIELDS}")
    runtime = make([pack])
    ana, records = admin_actor(runtime), runtime.current().records
    made = records.execute(ana, [Create("thing", {"name": n, "size": "2.50"}) for n in ("Vat", "Tub")])
    vat, tub = (result.id for result in made.results)
    records.execute(ana, [Delete("thing", Target(tub))])
    start = runtime.packs.versions()[0].number
    changed(runtime, 'name + " of " + size')
    assert titles(runtime, vat, tub) == ["Vat of 2.50", "Tub of 2.50"]
    runtime.packs.roll_back(start, runtime.installer, confirmed="")
    assert titles(runtime, vat, tub) == ["Vat", "Tub"]


def test_a_title_made_of_values_that_turn_says_what_they_become(make: Make):
    pack = a_pack("sales", {"roles.yaml": SEEN}, thing=f'title: name + " of " + text(size)\n{FIELDS}')
    runtime = make([pack])
    values = {"name": "Vat", "size": "2.50"}
    vat = runtime.current().records.execute(admin_actor(runtime), [Create("thing", values)]).results[0].id
    decimal = FIELDS.replace("size: {type: text}", "size: {type: decimal, scale: 1}")
    changed(runtime, 'name + " of " + text(size)', fields=decimal)
    assert titles(runtime, vat) == ["Vat of 2.5"]


@pytest.mark.parametrize("title", ["called", 'called + " of name"'])
def test_a_rename_makes_no_title_anew(make: Make, title: str):
    before = a_pack(
        "sales", {"roles.yaml": SEEN}, thing=f"title: {title.replace('called', 'name')}\n{FIELDS}"
    )
    runtime = make([before])
    fields = FIELDS.replace("name: {", "called: {renamed_from: name, ")
    assert not [step for step in changed(runtime, title, fields=fields) if "titles" in step]


def titles(runtime: Runtime, *records) -> list[str]:
    queries, ana = runtime.current().queries, admin_actor(runtime)
    return [queries.get(ana, "thing", record)["title"] for record in records]
