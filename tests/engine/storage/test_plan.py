"""Plans: from nothing, by adding, empty the second time; refused where records would have to be converted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from alembic.operations import Operations

from tests.engine.storage.builders import (
    a_crm,
    a_field,
    a_lifecycle,
    a_link,
    a_lookup,
    a_model,
    an_entity,
    an_expression,
)
from tests.engine.storage.conftest import Crm
from xrm.engine.projection.tables import sql_schema
from xrm.engine.storage import patience
from xrm.engine.storage.apply import Applied, apply_plan, plan_for, prepare_installation
from xrm.engine.storage.database import Database
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.ledger import ACTIVATION, INSTALLATION, JOURNAL
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.steps import CreateIndex, CreateTable, DropIndex
from xrm.engine.world import World
from xrm.errors import Conflict, PlanRefused
from xrm.metadata.expressions.tree import Access, Compare, Literal, Root
from xrm.metadata.expressions.types import BOOLEAN, TEXT
from xrm.metadata.model import Entity, Field, Key, Model, Relationship


def _plan(database: Database, model: Model) -> SchemaPlan:
    return plan_for(database, [sql_schema(model).metadata])


def _apply(database: Database, model: Model, world: World) -> Applied:
    return apply_plan(database, _plan(database, model), world)


def test_a_plan_from_nothing_applies_and_the_second_is_empty(installed: Database, world: World) -> None:
    first = _plan(installed, a_crm())
    assert {type(step) for step in first.steps} >= {CreateTable, CreateIndex}
    applied = apply_plan(installed, first, world)
    assert applied.steps == len(first.steps)
    assert _plan(installed, a_crm()).is_empty


def test_preparing_an_installation_twice_changes_nothing(installed: Database, world: World) -> None:
    with installed.read() as unit:
        before = unit.execute(sa.select(INSTALLATION)).one()
    prepare_installation(installed, world)
    prepare_installation(installed, world)
    with installed.read() as unit:
        assert unit.execute(sa.select(INSTALLATION)).one() == before
    assert plan_for(installed).is_empty


def test_an_installation_with_packs_can_be_prepared_again(crm: Crm, world: World) -> None:
    prepare_installation(crm.database, world)
    assert _plan(crm.database, a_crm()).is_empty


def test_a_table_in_use_is_waited_for_in_short_turns(
    postgres_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits long for a busy table makes everybody behind wait too."""
    monkeypatch.setattr(patience, "LOCK_MILLISECONDS", 20)
    database = Database(postgres_url)
    prepare_installation(database, world)
    _apply(database, a_model(DEAL), world)
    waited: list[float] = []
    with database.read() as reader:
        reader.execute(sa.text("SELECT * FROM test__deal"))

        def release(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 3:
                reader.script("ROLLBACK")

        monkeypatch.setattr(patience.time, "sleep", release)
        _apply(database, a_model(_with(DEAL, ADDITIONS["a text"])), world)
    assert len(waited) == 3
    database.close()


def test_a_plan_changes_nothing_by_being_made_or_read(installed: Database) -> None:
    plan = _plan(installed, a_crm())
    assert all(plan.sentences())
    assert all(plan.sql(installed.engine.dialect))
    assert _plan(installed, a_crm()) == plan


def test_a_plan_says_its_steps_to_people_and_to_the_database(installed: Database) -> None:
    plan = _plan(installed, a_model(an_entity("deal", a_field("amount", "money"))))
    assert plan.sentences()[0] == "Create the table of deal (test__deal)."
    assert "CREATE TABLE test__deal" in plan.sql(installed.engine.dialect)[0]


DEAL = an_entity("deal", a_field("name", "text"), a_lookup("other", "deal"))
TOWN = an_entity("town", a_field("name", "text"))
ADDITIONS: dict[str, Entity | Relationship | Field | Key] = {
    "a text": a_field("city", "text"),
    "money": a_field("amount", "money"),
    "a unique field": a_field("code", "text", unique=True),
    "a choice": a_field("kind", "choice", {"options": ()}),
    "a person's name": a_field("who", "person_name"),
    "an address": a_field("place", "address"),
    "a lookup": a_lookup("parent", "deal"),
    "a lookup to a user": a_lookup("keeper", "user"),
    "a polymorphic lookup": a_lookup("about", "deal", "user"),
    "a lookup to anything": a_lookup("thing", any=True),
    "a relationship with attributes": a_link(
        "helpers", "user", valid=True, attributes={"role": a_field("role", "text")}
    ),
    "a polymorphic relationship": a_link("things", "deal", "user"),
    "a key": Key("twins", ("name", "other")),
}


def _with(entity: Entity, part: Field | Relationship | Key) -> Entity:
    if isinstance(part, Field):
        return replace(entity, fields={**entity.fields, part.name: part})
    if isinstance(part, Key):
        return replace(entity, keys={**entity.keys, part.name: part})
    mine = replace(part, entity=entity.name)
    return replace(entity, relationships={**entity.relationships, part.name: mine})


def test_a_step_that_does_not_do_what_it_says_is_noticed_and_nothing_has_happened(
    installed: Database, world: World
) -> None:
    _apply(installed, a_model(DEAL, TOWN), world)
    wanted = a_model(_with(DEAL, ADDITIONS["a text"]), TOWN)
    plan = _plan(installed, wanted)
    idle = replace(plan, steps=tuple(replace(step, run=lambda _: None) for step in plan.steps))
    with pytest.raises(PlanRefused) as refused:
        apply_plan(installed, idle, world)
    assert [problem.code for problem in refused.value.problems] == ["S122"]
    assert _plan(installed, wanted) == plan


def test_a_table_that_a_step_of_another_has_changed_is_noticed(installed: Database, world: World) -> None:
    _apply(installed, a_model(DEAL, TOWN), world)
    plan = _plan(installed, a_model(_with(DEAL, ADDITIONS["a text"]), TOWN))
    assert ("test__town" in plan.settled, "test__deal" in plan.settled) == (True, False)
    first, *rest = plan.steps

    def stray(target: Operations) -> None:
        first.run(target)
        target.execute("ALTER TABLE test__town RENAME COLUMN name TO label")

    with pytest.raises(PlanRefused, match=r"town"):
        apply_plan(installed, replace(plan, steps=(replace(first, run=stray), *rest)), world)
    assert _plan(installed, a_model(DEAL, TOWN)).is_empty


def test_everything_that_can_be_added_later_is_added_and_the_next_plan_is_empty(
    installed: Database, world: World
) -> None:
    entity = DEAL
    _apply(installed, a_model(entity), world)
    for name, part in ADDITIONS.items():
        entity = _with(entity, part)
        plan = _plan(installed, a_model(entity))
        assert not plan.is_empty, name
        apply_plan(installed, plan, world)
        assert _plan(installed, a_model(entity)).is_empty, name


def test_a_plan_leaves_the_tables_of_a_model_as_they_were(installed: Database, world: World) -> None:
    """Whoever asks for the tables of the same model gets the same ones."""
    entity = DEAL
    _apply(installed, a_model(entity), world)
    for part in ADDITIONS.values():
        entity = _with(entity, part)
    model = a_model(entity)
    before = _parts_of(model)
    _apply(installed, model, world)
    assert _parts_of(model) == before


def _parts_of(model: Model) -> list[str]:
    tables = sql_schema(model).metadata.tables.values()
    return sorted(f"{t.name} {c.name}" for t in tables for c in (*t.constraints, *t.indexes, *t.columns))


def test_what_is_added_later_equals_what_is_made_at_once(crm: Crm, world: World) -> None:
    """Columns, indexes and references are the same, whichever way they came."""
    entity = DEAL
    for part in ADDITIONS.values():
        entity = _with(entity, part)
    whole = [*_crm_entities(), entity]
    _apply(crm.database, a_model(*whole, _self_targeted(DEAL, "grown")), world)
    _apply(crm.database, a_model(*whole, _self_targeted(entity, "grown")), world)
    with crm.database.read() as unit:
        tables = inspect(unit).tables
    grown, at_once = tables["test__grown"], tables["test__deal"]
    columns = {name.replace("grown", "deal"): kind for name, kind in grown.columns.items()}
    assert columns == at_once.columns
    assert {name.replace("grown", "deal") for name in grown.references} == at_once.references.keys()
    assert len(grown.indexes) == len(at_once.indexes)


def _crm_entities() -> list[Entity]:
    return [e for e in a_crm().entities.values() if not e.is_engine]


def _self_targeted(entity: Entity, name: str) -> Entity:
    def turned(part: Relationship) -> Relationship:
        return replace(part, entity=name, targets=tuple(name if t == "deal" else t for t in part.targets))

    parts = {key: turned(part) for key, part in entity.relationships.items()}
    return replace(entity, name=name, relationships=parts)


def test_a_polymorphic_lookup_grows_by_a_target_and_still_holds_one_record(
    installed: Database, world: World
) -> None:
    """The check came with each column, so that no table is rebuilt for a further target."""
    party = a_lookup("party", "deal", abstract_target="party")
    others = [an_entity("person"), an_entity("company")]
    _apply(installed, a_model(DEAL, *others, an_entity("note", party)), world)
    for targets in (("person", "deal"), ("company", "person", "deal")):
        wider = replace(party, targets=targets)
        model = a_model(DEAL, *others, an_entity("note", wider))
        _apply(installed, model, world)
        assert _plan(installed, model).is_empty
    table = sql_schema(model)["note"].table
    now = world.now()
    row = {"version": 1, "title": "", "title__key": "", "created_at": now, "updated_at": now}
    ids = [world.new_id() for _ in range(3)]
    columns = ["party__deal", "party__person", "party__company"]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        both = {columns[first]: ids[first], columns[second]: ids[second]}
        with pytest.raises(Exception, match="do not go together"), installed.write() as unit:
            unit.execute(sa.insert(table).values(id=world.new_id(), **row, **both))


def test_a_changed_key_replaces_its_index(installed: Database, world: World) -> None:
    before = _with(DEAL, Key("twins", ("name",)))
    after = _with(DEAL, Key("twins", ("name", "other")))
    _apply(installed, a_model(before), world)
    plan = _plan(installed, a_model(after))
    assert [type(step) for step in plan.steps] == [DropIndex, CreateIndex]
    apply_plan(installed, plan, world)
    assert _plan(installed, a_model(after)).is_empty


def test_a_lifecycle_and_owners_may_come_later(installed: Database, world: World) -> None:
    _apply(installed, a_model(DEAL), world)
    later = replace(DEAL, lifecycle=a_lifecycle("open", "won"), ownership="user_or_team")
    _apply(installed, a_model(later), world)
    assert _plan(installed, a_model(later)).is_empty


REFUSALS: dict[str, tuple[str, Callable[[], Model]]] = {
    "another type": (
        "S110",
        lambda: a_model(an_entity("deal", a_field("name", "integer"), a_lookup("other", "deal"))),
    ),
    "another scale": (
        "S110",
        lambda: a_model(_with(DEAL, a_field("rate", "decimal", {"precision": 10, "scale": 4}))),
    ),
    "another target": (
        "S113",
        lambda: a_model(an_entity("deal", a_field("name", "text"), a_lookup("other", "user"))),
    ),
}


@pytest.mark.parametrize(("code", "model"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_would_be_stored_in_another_way_is_refused_with_a_remedy(
    installed: Database, world: World, code: str, model: Callable[[], Model]
) -> None:
    rated = _with(DEAL, a_field("rate", "decimal", {"precision": 10, "scale": 2}))
    _apply(installed, a_model(rated), world)
    with pytest.raises(PlanRefused) as caught:
        _plan(installed, model())
    problems = {p.code: p for p in caught.value.problems}
    assert code in problems
    assert problems[code].hint
    assert "deal" in problems[code].message
    assert _plan(installed, a_model(rated)).is_empty


DETAILED = an_entity(
    "deal",
    a_field("price", "money"),
    a_field("code", "text"),
    a_link("helpers", "user"),
    lifecycle=a_lifecycle("open"),
)
SAID: dict[str, tuple[Entity, list[tuple[str, str]]]] = {
    "another type of several parts": (
        _with(DETAILED, a_field("price", "decimal", {"precision": 10, "scale": 2})),
        [("S110", "deal.price would be stored in another way")],
    ),
    "a type without a twin": (
        _with(DETAILED, a_field("code", "integer")),
        [("S110", "deal.code would be stored in another way")],
    ),
}


@pytest.mark.parametrize(("entity", "said"), SAID.values(), ids=SAID.keys())
def test_each_thing_that_cannot_be_changed_is_one_problem_in_words_of_its_definition(
    installed: Database, world: World, entity: Entity, said: list[tuple[str, str]]
) -> None:
    _apply(installed, a_model(DETAILED), world)
    with pytest.raises(PlanRefused) as caught:
        _plan(installed, a_model(entity))
    found = caught.value.problems
    assert [(p.code, p.message[: len(says)]) for p, (_, says) in zip(found, said, strict=True)] == said


REMOVED: dict[str, tuple[Entity, list[str]]] = {
    "fields": (
        replace(DETAILED, fields={}),
        ["Remove deal.code (test__deal);", "Remove deal.price (test__deal);"],
    ),
    "a lifecycle": (replace(DETAILED, lifecycle=None), ["Remove deal.lifecycle (test__deal);"]),
    "a relationship": (
        replace(DETAILED, relationships={}),
        ["Remove deal.helpers (test__deal__helpers) with its links;"],
    ),
    "an entity": (
        an_entity("other"),
        [
            "Remove deal (test__deal) with all its records;",
            "Remove deal.helpers (test__deal__helpers) with its links;",
        ],
    ),
}


@pytest.mark.parametrize(("entity", "said"), REMOVED.values(), ids=REMOVED.keys())
def test_what_is_no_longer_defined_is_removed_by_one_step_in_words_of_its_definition(
    installed: Database, world: World, entity: Entity, said: list[str]
) -> None:
    _apply(installed, a_model(DETAILED), world)
    plan = _plan(installed, a_model(entity))
    removals = [step.sentence for step in plan.destructive]
    assert [sentence[: len(says)] for sentence, says in zip(removals, said, strict=True)] == said
    apply_plan(installed, plan, world, days=90)
    assert _plan(installed, a_model(entity)).is_empty
    back = _plan(installed, a_model(DETAILED))
    assert [step.sentence.startswith("Bring back") for step in back.steps].count(True) == len(said)
    apply_plan(installed, back, world)
    assert _plan(installed, a_model(DETAILED)).is_empty


def test_columns_of_a_later_program_are_refused_and_not_removed(installed: Database) -> None:
    with installed.write() as unit:
        unit.script("ALTER TABLE xrm_user ADD COLUMN later text")
    with pytest.raises(PlanRefused) as caught:
        _plan(installed, a_model())
    assert caught.value.first.code == "S111"


def test_a_plan_for_a_database_that_has_changed_since_is_refused(installed: Database, world: World) -> None:
    plan = _plan(installed, a_model(DEAL))
    _apply(installed, a_model(an_entity("other")), world)
    with pytest.raises(Conflict) as caught:
        apply_plan(installed, plan, world)
    assert caught.value.first.code == "S120"


def test_a_step_that_fails_takes_the_whole_plan_back(crm: Crm, world: World) -> None:
    """Two accounts share a name, so the name cannot become unique, and the new entity is not made either."""
    with crm.database.write() as unit:
        crm.add(unit, "account", crm.row("account", name="Silva"), crm.row("account", name="SILVA"))
    account, *others = _crm_entities()
    unique = replace(account, keys={"name": Key("name", ("name",))})
    model = a_model(unique, *others, an_entity("extra"))
    with pytest.raises(PlanRefused) as caught:
        _apply(crm.database, model, world)
    assert caught.value.first.code == "S121"
    with crm.database.read() as unit:
        assert "test__extra" not in sa.inspect(unit.connection).get_table_names()
    assert _plan(crm.database, a_crm()).is_empty


def test_steps_are_journaled_and_what_comes_with_them_commits_with_them(
    installed: Database, world: World
) -> None:
    plan = _plan(installed, a_model(DEAL))
    row = {"fingerprint": "sha256:1", "plan": plan.hash, "at": world.now()}
    apply_plan(installed, plan, world, lambda unit: unit.execute(sa.insert(ACTIVATION).values(row)) and None)
    with installed.read() as unit:
        steps = list(unit.execute(sa.select(JOURNAL.c.step).where(JOURNAL.c.plan == plan.hash)).scalars())
        assert unit.execute(sa.select(ACTIVATION.c.fingerprint)).scalar_one() == "sha256:1"
    assert steps == list(plan.sentences())


def test_what_comes_with_a_plan_and_fails_takes_the_plan_back(installed: Database, world: World) -> None:
    def fail(_unit: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        apply_plan(installed, _plan(installed, a_model(DEAL)), world, fail)
    assert _plan(installed, a_model(DEAL)).steps


def test_long_names_stay_apart_on_both_databases(installed: Database, world: World) -> None:
    """PostgreSQL cuts names at 63 bytes without an error; ours end in a hash long before."""
    entity, other = "e" * 36, "f" * 36
    relationships = [a_lookup(f"{'r' * 39}{n}", entity, other) for n in range(3)]
    links = [a_link(f"{'l' * 39}{n}", entity) for n in range(3)]
    fields = [a_field(f"{'x' * 39}{n}", "choice", {"options": ()}, unique=True) for n in range(3)]
    model = a_model(
        an_entity(entity, *relationships, *links, *fields, pack="p" * 20),
        an_entity(other, pack="p" * 20, indexes=()),
    )
    _apply(installed, model, world)
    assert _plan(installed, model).is_empty
    schema = sql_schema(model)
    names = [t.name for t in schema.metadata.tables.values()]
    names += [str(i.name) for t in schema.metadata.tables.values() for i in t.indexes]
    names += [str(c.name) for t in schema.metadata.tables.values() for c in t.constraints if c.name]
    names += [c.name for t in schema.metadata.tables.values() for c in t.columns]
    assert max(len(name) for name in names) <= 60


def test_tables_of_other_programs_are_left_alone(installed: Database, world: World) -> None:
    with installed.write() as unit:
        unit.script("CREATE TABLE other__program (id integer, note text)")
        unit.script("CREATE TABLE plain (id integer)")
    assert _plan(installed, a_model()).is_empty


def test_the_condition_of_a_key_lives_in_its_index(installed: Database, world: World) -> None:
    primary = Access(BOOLEAN, Root.RECORD, (), ("point",), ("is_primary",))
    kind = Access(TEXT, Root.RECORD, (), ("point",), ("kind",))
    mail = Compare(BOOLEAN, "==", kind, Literal(TEXT, "mail"))
    for condition in (primary, mail):
        key = Key("one", ("kind",), when=an_expression("point", condition))
        point = an_entity("point", a_field("kind", "text"), a_field("is_primary", "boolean"), key)
        stored = sql_schema(a_model(point))["point"]
        assert stored.keys["one"].index
        _apply(installed, a_model(point), world)
        assert _plan(installed, a_model(point)).is_empty
