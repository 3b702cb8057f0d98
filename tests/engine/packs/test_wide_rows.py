"""How large a record can become is a limit of definitions: what is accepted takes every value, on both databases."""

from itertools import cycle, islice

import pytest

from tests.engine.packs.living import change, plan
from xrm.engine.commands import Create, Target, Update
from xrm.engine.projection.tables import sql_schema
from xrm.engine.storage import crowding
from xrm.engine.storage.entity_tables import StoredLookup
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.steps import type_text
from xrm.errors import PlanRefused
from xrm.metadata.fieldtypes.builtins import BUILTIN_TYPES
from xrm.metadata.limits import ROW_BYTES
from xrm.metadata.widths import parts_width, row_width
from xrm.testing import a_pack, admin_actor

TYPES = {type_.name: type_ for type_ in BUILTIN_TYPES}
TEXTS = ROW_BYTES // parts_width(TYPES["text"].parts({}))
# Each value as long as it can be and still lie in the row itself, or be moved out of it, or be pressed in its place.
LENGTHS = (1, 20, 22, 23, 24, 127, 200)
KINDS = {
    "text": "type: text",
    "note": "type: long_text",
    "yes": "type: boolean",
    "count": "type: integer",
    "size": "type: decimal, scale: 6",
    "at": "type: datetime",
    "price": "type: money",
    "ways": f"type: multi_choice, options: [{', '.join(f'way_{n}' for n in range(9))}]",
}
FULL = {
    "yes": (True,),
    "count": (2**53 - 1,),
    "size": ("999999999999.999999", "0.000001"),
    "at": ("2026-05-31T12:34:56Z",),
    "price": ({"amount": "99999999999.99", "currency": "EUR"},),
    "ways": (["way_1"], ["way_1", "way_2"], [f"way_{n}" for n in range(9)]),
}


def kind_of(kind):
    return KINDS[kind].split(",")[0].removeprefix("type: ")


def texts(count, prefix="f"):
    return f"title: {prefix}0\nfields:\n" + "".join(f"  {prefix}{n}: {{type: text}}\n" for n in range(count))


def various(length):
    return "".join(islice(cycle("qwertzuiopasdfghjklyxcvbnm0123456789"), length))


def store(runtime, records):
    """The records, each of which is changed once, are there as they were given."""
    ana, service = admin_actor(runtime), runtime.current().records
    made = service.execute(ana, [Create("thing", values) for values in records]).results
    ids = [one.id for one in made]
    names = list(records[0])
    changed = [{names[0]: values[names[0]]} for values in reversed(records)]
    service.execute(ana, [Update("thing", Target(i), c) for i, c in zip(ids, changed, strict=True)])
    return ids


def test_the_widest_entity_takes_texts_of_every_length(make):
    runtime = make([a_pack("sales", thing=texts(TEXTS))])
    records = [
        {f"f{n}": text(size) for n in range(TEXTS)} for size in LENGTHS for text in (various, "a".__mul__)
    ]
    records += [{f"f{n}": "ä" * LENGTHS[n % 7] for n in range(TEXTS)}]
    records += [{f"f{n}": ("b" * 200, various(21), various(23))[n % 3] for n in range(TEXTS)}]
    assert len(store(runtime, records)) == len(records)


def test_the_widest_entity_of_fields_of_every_kind_takes_every_value(make):
    fields, width = {}, 0
    for number, (kind, words) in enumerate(cycle(KINDS.items())):
        width += parts_width(TYPES[kind_of(kind)].parts({}))
        if width > ROW_BYTES:
            break
        fields[f"{kind}_{number}"] = words
    thing = "title: text_0\nfields:\n" + "".join(f"  {name}: {{{words}}}\n" for name, words in fields.items())
    runtime = make([a_pack("sales", thing=thing)])
    records = [{name: full(name, size, turn) for turn, name in enumerate(fields)} for size in LENGTHS]
    assert len(store(runtime, records)) == len(records)


def full(name, size, turn):
    kind = name.rpartition("_")[0]
    if kind in ("text", "note"):
        return various(size)
    return FULL[kind][(turn + size) % len(FULL[kind])]


def test_what_was_removed_and_is_kept_takes_room_in_rows_until_it_is_purged(make, monkeypatch):
    runtime = make([a_pack("sales", thing=texts(3))])
    with runtime.database.read() as unit:
        kinds = inspect(unit).tables["sales__thing"].columns.values()
    monkeypatch.setattr(crowding, "MOST_BYTES", crowding.width(kinds) + 90)
    with pytest.raises(PlanRefused) as refused:
        plan(runtime, thing=texts(2, "g"))
    (problem,) = (p for p in refused.value.problems if "thing" in p.message)
    assert (problem.code, problem.where.file) == ("S129", "sales/entities/thing.yaml")
    assert "could take 408 bytes; 402 are allowed" in problem.message
    assert "purged" in problem.hint
    monkeypatch.setattr(crowding, "MOST_BYTES", 408)
    change(runtime, thing=texts(2, "g"))
    monkeypatch.setattr(crowding, "MOST_BYTES", 1)
    assert runtime.packs.plan().is_empty


def test_rows_are_as_wide_as_definitions_say(make):
    """The columns as a database names their types take what the fields and lookups are counted for."""
    runtime = make([a_pack("sales", thing=OF_EVERYTHING)])
    schema, dialect = sql_schema(runtime.current().model), runtime.database.engine.dialect
    for stored in schema:
        if not stored.entity.is_engine:
            own = {c.name for s in (*stored.fields.values(), *stored.lookups.values()) for c in columns(s)}
            found = [c for c in stored.table.columns if c.name in own]
            assert crowding.width(type_text(c, dialect) for c in found) == row_width(stored.entity)


def columns(stored):
    if isinstance(stored, StoredLookup):
        return stored.all_columns
    return (*stored.columns, *(key for key in stored.keys if key is not None))


OWN_WORDS = {
    "choice": ", options: [a, b]",
    "multi_choice": ", options: [a, b]",
    "expression": ", entity: thing",
    "autonumber": ", pattern: '{0000}'",
}
OF_EVERYTHING = (
    "title: text\nfields:\n"
    + "".join(f"  {name}: {{type: {name}{OWN_WORDS.get(name, '')}}}\n" for name in TYPES)
    + "relationships:\n  one: {to: thing}\n  two: {to: [thing, user]}\n  all: {to: any}\n"
)
