"""A title that is made of something else calls every record so at once; nothing tells what it was made of before."""

from tests.engine.packs.conftest import Make
from xrm.engine.commands import Create
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


def changed(runtime: Runtime, title: str, roles: str = SEEN, fields: str = FIELDS) -> None:
    """Records have that title."""
    pack = a_pack("sales", {"roles.yaml": roles}, thing=f"title: {title}\n{fields}")
    revision = Revision((pack_from(pack),), dev=True)
    runtime.packs.revise(revision, runtime.installer)


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
    changed(runtime, "name", UNSEEN)
    assert "Hush" not in told(runtime, clerk, one)
    assert found(runtime, clerk, "Vat") == ["Vat"]
