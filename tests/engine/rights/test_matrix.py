"""The matrix of rights: the engine and the reference give the same answer in every cell."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support import rights_reference
from tests.support.installed import make_runtime
from tests.support.rights_matrix import SHAPES, SPOKEN, all_cells, cells_about, judge, run_cells
from tests.support.rights_sharing import SHARED, share_all
from tests.support.rights_stage import Cell, Fault, Stage, set_stage
from tests.support.rights_world import Realm, make_realm
from xrm.engine.access.row_rules import Masks, RowRules
from xrm.engine.queries.frame import Frame
from xrm.engine.queries.service import QueryService
from xrm.engine.records import commenting, mentions, undoing
from xrm.engine.records.acts import Past
from xrm.engine.records.batch import Setting
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.feed import FeedPosition
from xrm.engine.storage.numbers import Numbers

SEED = 1
SMALL, FULL = 480, 10_000  # on each of the two databases, which are given different cells
REALM = make_realm(SEED)


@cache
def all_of_them() -> list[Cell]:
    """Every cell, in the order of the seed."""
    return all_cells(REALM, SEED)


@pytest.fixture(scope="module")
def stage(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The realm, installed and filled."""
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("realm"), [REALM.pack])
    yield set_stage(runtime, REALM)
    runtime.close()


@pytest.fixture(scope="module")
def sharing(module_url: str, stage: Stage) -> Stage:
    """The same realm, where some records are shared with whoever asks."""
    return share_all(stage)


def cells_for(stage: Stage, count: int) -> list[Cell]:
    """As many cells for this database, none of which the other one gets."""
    start = 0 if stage.runtime.database.dialect.is_sqlite else len(all_of_them()) // 2
    return all_of_them()[start : start + count]


def shown(faults: list[Fault]) -> str:
    """The faults as a person reads them."""
    return f"{len(faults)} faults\n" + "\n".join(str(fault) for fault in faults[:40])


def test_nobody_sees_or_does_more_or_less_than_the_reference_says(
    stage: Stage, scale: Callable[[int, int], int], record_property: Callable[[str, object], None]
) -> None:
    count = scale(SMALL, FULL)
    cells = cells_for(stage, count)
    assert len(set(cells)) == count
    faults = run_cells(stage, cells)
    leaks = [fault for fault in faults if fault.is_leak]
    sys.stdout.write(f"{count} cells, {len(leaks)} leaks, {len(faults) - len(leaks)} wrong denials\n")
    record_property("cells", count)
    assert faults == [], shown(faults)


def test_the_cells_of_a_small_run_go_through_every_way_to_ask_and_every_entity() -> None:
    small = [*all_of_them()[:SMALL], *all_of_them()[len(all_of_them()) // 2 :][:SMALL]]
    assert {cell.entity for cell in small} == set(REALM.world.things)
    assert len({cell.roles for cell in small}) == len(REALM.role_sets)
    assert set(SHAPES) - {cell.shape for cell in small} <= {*RARE, "trash", "list_order"}


RARE = (
    "restore_one",
    "transition_one",
    "link_one",
    "unlink_one",
    "upsert_one",
    "batch_reference",
    "nested_child",
    *SPOKEN,
    *(shape for shape in SHAPES if shape.startswith(("link_", "undo_")) and shape != "link_one"),
)


@pytest.mark.parametrize("shape", [*RARE, "trash", "list_order"])
def test_rare_ways_are_asked_as_everybody(stage: Stage, shape: str, scale: Callable[[int, int], int]) -> None:
    cells = [cell for cell in all_of_them() if cell.shape == shape][: scale(10, 500)]
    faults = run_cells(stage, cells)
    assert faults == [], shown(faults)


def test_the_reference_knows_nothing_of_the_engine_and_is_short() -> None:
    path = Path(rights_reference.__file__)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    modules += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert not [m for m in modules if m.startswith(("xrm", "tests", "sqlalchemy"))]
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


# --- what the matrix is worth: each rule taken away is noticed ----------------------------------------------


def _without_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of one entity are not narrowed."""
    kept = Frame.readable
    monkeypatch.setattr(Frame, "readable", lambda frame: None if frame.entity == "client" else kept(frame))


def _without_row_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row rules of one entity hold everywhere."""
    kept = RowRules.condition
    true = kept.__globals__["sa"].true

    def condition(rules: RowRules, rule: object, entity: str, row: object) -> object:
        return true() if entity == "client" else kept(rules, rule, entity, row)

    monkeypatch.setattr(RowRules, "condition", condition)


def _without_field_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A field is given wherever its row is."""
    monkeypatch.setattr(Frame, "masked", lambda frame, name, column: column)


def _without_filter_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter sees a field wherever its row is."""
    monkeypatch.setattr(Masks, "mask", lambda masks, entity, attribute, row: None)


def _without_hop_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of a filter leads to every record."""
    monkeypatch.setattr(Masks, "restrict", lambda masks, entity, row: None)


def _without_relationship_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relationship is given wherever its row is."""
    monkeypatch.setattr(Frame, "given", lambda frame, name: [])


def _without_export_grants(monkeypatch: pytest.MonkeyPatch) -> None:
    """An export gives out whatever may be read."""
    monkeypatch.setattr("xrm.engine.access.rights._narrowed", lambda granted, transfer: granted)


def _without_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record may be written to where its writer's grants do not reach."""
    monkeypatch.setattr("xrm.engine.records.permits.require_result", lambda setting, drafts, operation: None)


def _without_act(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may restore a part of an act restores all of it."""
    monkeypatch.setattr("xrm.engine.records.permits.require_act", lambda setting, roots, asked: None)


def _without_comment_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may read some record comments on every one."""
    monkeypatch.setattr(
        "xrm.engine.records.commenting.passing", lambda setting, writer, operation, ids: frozenset(ids)
    )


def _without_comment_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeline of a record is there for everybody."""
    monkeypatch.setattr(QueryService, "get", lambda service, actor, entity, record, **asked: {})


def _without_comment_author(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment is changed and removed by whoever may read it."""
    kept = commenting._own

    def own(setting: Setting, record: UUID, comment: UUID) -> commenting.Comment:
        return kept(replace(setting, actor=replace(setting.actor, id=ANYBODY)), record, comment)

    monkeypatch.setattr(commenting, "_own", own)


def _without_mention_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mention reaches who may not read the record."""
    monkeypatch.setattr(mentions, "may_read", lambda setting, writer, record, user, of: True)


def _without_undo_author(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever could do the opposite takes back what others did."""
    kept = undoing.act_at

    def act_at(unit: UnitOfWork, numbers: Numbers, place: FeedPosition) -> list[Past]:
        return [replace(past, actor=ANYBODY) for past in kept(unit, numbers, place)]

    monkeypatch.setattr(undoing, "act_at", act_at)


def _without_undo_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever did it takes it back, whatever they may do by now."""
    monkeypatch.setattr(
        "xrm.engine.records.permits.passing", lambda setting, writer, operation, ids: frozenset(ids)
    )


def _without_link_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links of every record are made and changed by whoever may do so on some."""
    monkeypatch.setattr(
        "xrm.engine.records.permits.passing_rule", lambda setting, writer, rule, ids: frozenset(ids)
    )


class _Anybody:
    """Everyone at once."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True


ANYBODY: Any = _Anybody()
MUTATIONS = [
    (_without_rows, "client", ("list_all", "filter_ne", "group")),
    (_without_row_rules, "client", ("list_all", "filter_ne", "update_one")),
    (_without_field_mask, "client", ("list_all", "sort_up")),
    (_without_filter_mask, "client", ("filter_ne", "filter_below", "how_many")),
    (_without_hop_rule, "client", ("any_many", "count_many", "filter_eq")),
    (_without_relationship_mask, "client", ("expand", "links")),
    (_without_export_grants, "client", ("export_all", "export_sort", "export_filter")),
    (_without_result, "client", ("create_with", "update_one")),
    (_without_act, "step", ("restore_one",)),
    (_without_comment_rights, "client", ("comment_write",)),
    (_without_comment_reading, "client", ("comment_read", "comment_get")),
    (_without_comment_author, "client", ("comment_edit",)),
    (_without_mention_rights, "client", ("comment_write",)),
    (_without_mention_rights, "client", ("comment_mentionable",)),
    (_without_rows, "client", ("mention_list",)),
    (_without_undo_author, "client", ("undo_change",)),
    (_without_undo_rights, "client", ("undo_change",)),
    (_without_undo_rights, "ticket", ("undo_finish", "undo_delete")),
    (_without_link_rights, "ticket", ("link_with",)),
    (_without_link_rights, "ticket", ("link_change",)),
    (_without_relationship_mask, "ticket", ("link_values", "link_expanded")),
    (_without_relationship_mask, "client", ("link_values", "link_expanded")),
]


@pytest.mark.parametrize(
    ("mutate", "entity", "shapes"),
    MUTATIONS,
    ids=[m[0].__name__.removeprefix("_without_") for m in MUTATIONS],
)
def test_a_rule_that_is_taken_away_is_noticed_as_a_leak(
    stage: Stage,
    module_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mutate: Callable[[pytest.MonkeyPatch], None],
    entity: str,
    shapes: tuple[str, ...],
) -> None:
    slice_ = cells_about(all_of_them(), entity, shapes)[:240]
    mutate(monkeypatch)
    with closing(make_runtime(module_url, tmp_path, install=False)) as runtime:
        mutated = replace(stage, runtime=runtime, _feeds={}, _got={})
        assert any(fault is not None and fault.is_leak for fault in (judge(mutated, c) for c in slice_))


def test_the_same_slices_are_free_of_faults_as_they_are(stage: Stage) -> None:
    for _, entity, shapes in MUTATIONS:
        faults = run_cells(stage, cells_about(all_of_them(), entity, shapes)[:10])
        assert faults == [], shown(faults)


# --- records that are shared one by one -----------------------------------------------------------------------


@pytest.mark.parametrize("entity", sorted({entity for entity, _ in SHARED} | {"step"}))
def test_with_shares_nobody_sees_or_does_more_or_less_either(
    sharing: Stage, scale: Callable[[int, int], int], entity: str
) -> None:
    cells = [cell for cell in cells_for(sharing, len(all_of_them()) // 2) if cell.entity == entity]
    faults = run_cells(sharing, cells[: scale(60, 1_000)])
    assert faults == [], shown(faults)


def _without_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """A share opens nothing."""
    false = RowRules.condition.__globals__["sa"].false
    monkeypatch.setattr(RowRules, "_shared", lambda rules, operation, entity, row: false())


def _with_shares_of_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A share of one record opens every record."""
    true = RowRules.condition.__globals__["sa"].true
    monkeypatch.setattr(RowRules, "_shared", lambda rules, operation, entity, row: true())


@pytest.mark.parametrize("mutate", [_without_shares, _with_shares_of_everything], ids=["none", "all"])
def test_a_share_that_gives_too_little_or_too_much_is_noticed(
    sharing: Stage,
    module_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mutate: Callable[[pytest.MonkeyPatch], None],
) -> None:
    mutate(monkeypatch)
    with closing(make_runtime(module_url, tmp_path, install=False)) as runtime:
        mutated = replace(sharing, runtime=runtime, _feeds={}, _got={})
        slice_ = cells_about(all_of_them(), "client", ("list_all", "filter_ne", "update_one"))[:120]
        assert any(judge(mutated, cell) is not None for cell in slice_)


def test_another_seed_draws_another_realm() -> None:
    other: Realm = make_realm(SEED + 1)
    assert other.pack != REALM.pack
    assert make_realm(SEED).pack == REALM.pack
