"""The draft of the customisation: collected, told what has moved, made again on top of that, applied whole."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from xrm.engine.commands import Actor
from xrm.engine.packs import Revision, laying
from xrm.engine.packs.drafts import NO_DRAFT
from xrm.engine.packs.proposal import Proposal
from xrm.engine.packs.service import Installed, PackService
from xrm.engine.runtime import Runtime
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import DRAFT
from xrm.errors import Conflict, MetadataInvalid
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.metadata.defining import documents_of, say
from xrm.testing import a_pack

TOOL = "label: Tool\nplural: Tools\ntitle: name\nfields: {name: {type: text, required: true}}\n"
OURS = {"entities/tool.yaml": "entity: tool\nlabel: Device   # ours\n"}


@pytest.fixture
def works(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """An installation with one pack, on each database in turn."""
    runtime = make_runtime(database_url, tmp_path, [a_pack("shop", {}, tool=TOOL)])
    yield runtime
    runtime.close()


def customise(works: Runtime, documents: dict[str, str]) -> None:
    revision = Revision(edit=laying(from_documents(documents), mirror=False))
    works.packs.revise(revision, works.installer)


def draft(works: Runtime, name: str) -> None:
    """The draft has one more field."""
    look = works.drafts.look(works.installer)
    documents = say(look.documents, "tool", ("fields", name), {"type": "text"})
    works.drafts.change(works.installer, documents, look.mark)


def begin_anew(works: Runtime, name: str) -> None:
    """The draft is discarded, and a moment later there is another one."""
    works.drafts.discard(works.installer)
    works.world.clock.advance(timedelta(seconds=1))  # type: ignore[attr-defined]
    draft(works, name)


def plan(works: Runtime) -> Proposal:
    return works.packs.foresee(works.drafts.revision(works.installer))


def apply(works: Runtime) -> None:
    works.drafts.apply(works.installer, plan(works).mark)


def fields(works: Runtime) -> list[str]:
    return list(works.current().model.entities["tool"].fields)


def test_a_draft_changes_nothing_before_it_is_applied_and_is_gone_then(works: Runtime) -> None:
    customise(works, OURS)
    draft(works, "weight")
    draft(works, "colour")
    assert fields(works) == ["name"]
    apply(works)
    assert fields(works) == ["name", "weight", "colour"]
    said = documents_of(works.packs.source(CUSTOMISATION))["entities/tool.yaml"]
    assert (
        said == f"{OURS['entities/tool.yaml']}fields:\n  weight: {{type: text}}\n  colour: {{type: text}}\n"
    )
    assert works.drafts.look(works.installer).draft is None


def test_a_draft_that_would_mean_nothing_is_refused_with_the_path_of_every_place(works: Runtime) -> None:
    documents = {"entities/tool.yaml": "entity: tool\nicon: none_such\nfields:\n  owner_: {type: text}\n"}
    with pytest.raises(MetadataInvalid) as refused:
        works.drafts.change(works.installer, documents, NO_DRAFT)
    assert {p.where.path for p in refused.value.problems} == {"tool:icon", "tool:fields.owner_"}
    assert works.drafts.look(works.installer).draft is None


def test_a_draft_of_yesterday_is_told_what_has_moved_and_is_made_again_on_top_of_it(works: Runtime) -> None:
    draft(works, "weight")
    customise(works, OURS)
    look = works.drafts.look(works.installer)
    assert [c.sentence for c in look.moved] == ["entity tool: new."]
    with pytest.raises(Conflict) as stale:
        plan(works)
    assert stale.value.first.code == "P161"
    works.drafts.renew(works.installer)
    assert works.drafts.look(works.installer).moved == ()
    apply(works)
    assert fields(works) == ["name", "weight"]
    assert works.current().model.entities["tool"].label["en"] == "Device"


def test_a_draft_that_came_back_to_what_holds_is_none(works: Runtime) -> None:
    draft(works, "weight")
    works.drafts.change(works.installer, {}, works.drafts.look(works.installer).mark)
    assert works.drafts.look(works.installer).draft is None


def test_a_draft_that_is_begun_anew_is_not_the_one_that_was_discarded(works: Runtime) -> None:
    draft(works, "weight")
    seen = works.drafts.look(works.installer).mark
    begin_anew(works, "weight")
    with pytest.raises(Conflict) as late:
        works.drafts.change(works.installer, OURS, seen)
    assert late.value.first.code == "P160"


def test_a_draft_that_was_begun_while_another_was_applied_stays(
    works: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft(works, "weight")
    revise = PackService.revise

    def meanwhile(packs: PackService, revision: Revision, actor: Actor) -> Installed:
        begin_anew(works, "colour")
        return revise(packs, revision, actor)

    monkeypatch.setattr(PackService, "revise", meanwhile)
    apply(works)
    assert fields(works) == ["name", "weight"]
    assert works.drafts.look(works.installer).draft is not None


def test_whoever_saves_a_draft_that_others_have_changed_is_refused(works: Runtime) -> None:
    draft(works, "weight")
    with pytest.raises(Conflict) as late:
        works.drafts.change(works.installer, OURS, NO_DRAFT)
    assert late.value.first.code == "P160"


def held_up(unit: UnitOfWork, table: str) -> int:
    """How many wait for this transaction, in which nobody writes to the table; SQLite lets nobody in and tells none."""
    if unit.dialect.is_sqlite:
        return 2
    mine = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    unit.script(f"LOCK TABLE {table} IN SHARE MODE")
    return int(
        unit.execute(sa.text(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {mine}")).scalar_one()
    )


def test_of_two_who_begin_a_draft_at_once_one_does_and_the_other_is_told(works: Runtime) -> None:
    def begin(name: str) -> str:
        documents = say({}, "tool", ("fields", name), {"type": "text"})
        try:
            works.drafts.change(works.installer, documents, NO_DRAFT)
        except Conflict as late:
            return late.first.code
        return name

    with ThreadPoolExecutor(2) as pool, works.database.write() as unit:
        held_up(unit, DRAFT.name)
        asked = [pool.submit(begin, name) for name in ("weight", "colour")]
        while held_up(unit, DRAFT.name) < len(asked) and not any(one.done() for one in asked):
            pass
    told = {one.result() for one in asked}
    assert "P160" in told
    apply(works)
    assert fields(works) == ["name", *(told - {"P160"})]


def test_a_process_that_dies_after_applying_leaves_no_draft(
    works: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft(works, "weight")
    documents = dict(works.drafts.look(works.installer).documents)
    customise(works, documents)
    assert works.drafts.look(works.installer).draft is None
    draft(works, "colour")
    apply(works)
    assert fields(works) == ["name", "weight", "colour"]
