"""Rows: what the database itself holds true, whoever writes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.engine.storage.conftest import Crm
from xrm.engine.storage.ledger import USER
from xrm.engine.storage.rows import Counters, TableRows, hold
from xrm.engine.storage.statements import Same
from xrm.errors import Conflict, Invalid, Stale
from xrm.metadata.values import Money, PersonName, Ref


def _add(crm: Crm, entity: str, *rows: dict[str, Any]) -> None:
    with crm.database.write(crm.schema.meanings) as unit:
        crm.add(unit, entity, *rows)


def _load(crm: Crm, entity: str, id_: UUID) -> dict[str, Any]:
    with crm.database.read() as unit:
        row = crm.rows(entity).load(unit, [id_])[id_]
    return {**row, **crm.schema[entity].join(row, crm.numbers.names)}


def test_values_of_every_shape_come_back(crm: Crm) -> None:
    parent = crm.row("account", "Parent")
    child = crm.row(
        "account",
        "Child",
        name="Ação & Co",
        revenue=Money(Decimal("12.5000"), "EUR", Decimal("13.1000")),
        rating=Decimal("1.250"),
        notes="long",
        parent=Ref("account", parent["id"]),
    )
    _add(crm, "account", parent, child)
    found = _load(crm, "account", child["id"])
    assert found["name"] == "Ação & Co"
    assert found["name__key"] == "acao & co"
    assert found["revenue"] == Money(Decimal("12.5000"), "EUR", Decimal("13.1000"))
    assert found["rating"] == Decimal("1.250")
    assert found["parent"] == Ref("account", parent["id"])
    assert found["tax_number"] is None


def test_polymorphic_references_say_which_entity_they_point_at(crm: Crm) -> None:
    contact = crm.row("contact", name=PersonName(first="Ana", last="Sá"))
    both = crm.row(
        "complaint", complainant=Ref("contact", contact["id"]), about=Ref("contact", contact["id"])
    )
    _add(crm, "contact", contact)
    _add(crm, "complaint", both)
    found = _load(crm, "complaint", both["id"])
    assert found["complainant"] == found["about"] == Ref("contact", contact["id"])
    assert found["complainant__account"] is None


def test_records_that_point_at_each_other_may_come_in_any_order(crm: Crm) -> None:
    first, second = crm.row("account"), crm.row("account")
    first["parent"], second["parent"] = second["id"], first["id"]
    _add(crm, "account", first, second)
    assert _load(crm, "account", first["id"])["parent"] == Ref("account", second["id"])


def test_a_reference_to_nothing_is_refused_when_the_transaction_ends(crm: Crm) -> None:
    lost = crm.row("account", parent=Ref("account", crm.world.new_id()))
    with pytest.raises(Conflict) as caught:
        _add(crm, "account", lost)
    assert caught.value.first.code == "R141"
    with crm.database.read() as unit:
        assert crm.rows("account").load(unit, [lost["id"]]) == {}


def test_a_lookup_holds_one_record_whoever_writes(crm: Crm) -> None:
    account, contact = crm.row("account"), crm.row("contact")
    _add(crm, "account", account)
    _add(crm, "contact", contact)
    row = crm.row("complaint")
    row |= {"complainant__account": account["id"], "complainant__contact": contact["id"]}
    with pytest.raises(Invalid) as caught:
        _add(crm, "complaint", row)
    assert caught.value.first.code == "R142"
    assert caught.value.facts["fields"] == ("complainant",)


CLASHES = {
    "equal": ("500", "500"),
    "accents": ("São Lázaro", "SAO LAZARO"),
    "width": ("ＡＢＣ", "abc"),
    "sharp s": ("Straße", "STRASSE"),
}


@pytest.mark.parametrize(("first", "second"), CLASHES.values(), ids=CLASHES.keys())
def test_unique_means_unique_to_a_reader(crm: Crm, first: str, second: str) -> None:
    _add(crm, "account", crm.row("account", tax_number=first))
    with pytest.raises(Conflict) as caught:
        _add(crm, "account", crm.row("account", tax_number=second))
    assert caught.value.first.code == "R140"
    assert caught.value.first.where.path == "tax_number"
    assert caught.value.facts["entity"] == "account"


def test_empty_values_never_clash(crm: Crm) -> None:
    _add(crm, "account", crm.row("account"), crm.row("account"))


def test_the_trash_gives_a_unique_value_free_and_takes_it_back_only_if_it_is_still_free(crm: Crm) -> None:
    old, new = crm.row("account", tax_number="500"), crm.row("account", tax_number="500")
    rows = crm.rows("account")
    _add(crm, "account", old)
    with crm.database.write(crm.schema.meanings) as unit:
        rows.update(unit, old["id"], 1, {"deleted_at": crm.world.now()})
    _add(crm, "account", new)
    with pytest.raises(Conflict), crm.database.write(crm.schema.meanings) as unit:
        rows.update(unit, old["id"], 2, {"deleted_at": None})
    with crm.database.write(crm.schema.meanings) as unit:
        rows.remove(unit, [new["id"]])
        rows.update(unit, old["id"], 2, {"deleted_at": None})


def test_a_key_of_several_fields_looks_through_a_polymorphic_lookup(crm: Crm) -> None:
    """One of its columns is always empty, which would make nothing unique."""
    contact = crm.row("contact")
    _add(crm, "contact", contact)
    values = {
        "complainant": Ref("contact", contact["id"]),
        "subject": "Leak",
        "received_on": date(2026, 5, 1),
    }
    _add(crm, "complaint", crm.row("complaint", **values))
    _add(crm, "complaint", crm.row("complaint", **{**values, "subject": "Noise"}))
    with pytest.raises(Conflict) as caught:
        _add(crm, "complaint", crm.row("complaint", **{**values, "subject": "LEAK"}))
    assert caught.value.first.message == "Filed already."
    assert caught.value.facts["key"] == "same_again"


def test_records_are_found_by_their_keys(crm: Crm) -> None:
    account = crm.row("account", tax_number="Ç-1", external_key="legacy:7")
    _add(crm, "account", account)
    keys, rows = crm.schema["account"].keys, crm.rows("account")
    with crm.database.read() as unit:
        assert rows.find(unit, keys["field_tax_number"].columns, ["c-1"]) == [account["id"]]
        assert rows.find(unit, keys["external_key"].columns, ["legacy:7"]) == [account["id"]]
        assert rows.find(unit, keys["external_key"].columns, ["legacy:8"]) == []


def test_a_text_too_long_for_an_index_is_refused_alike_on_both_databases(crm: Crm) -> None:
    with pytest.raises(Invalid) as caught:
        crm.row("account", tax_number="ж" * 401)
    assert caught.value.first.code == "R162"
    assert caught.value.first.where.path == "tax_number"
    _add(crm, "account", crm.row("account", tax_number="ж" * 400, name="ж" * 4000))


def test_an_update_raises_the_version_and_refuses_another(crm: Crm) -> None:
    account, rows = crm.row("account", name="One"), crm.rows("account")
    _add(crm, "account", account)
    with crm.database.write() as unit:
        assert rows.update(unit, account["id"], 1, {"name": "Two"}) == 2
    for version in (1, 3):
        with pytest.raises(Stale), crm.database.write() as unit:
            rows.update(unit, account["id"], version, {"name": "Lost"})
    found = _load(crm, "account", account["id"])
    assert (found["version"], found["name"]) == (2, "Two")


def test_updates_of_several_rows_happen_together_or_not_at_all(crm: Crm) -> None:
    first, second = crm.row("account"), crm.row("account")
    rows, ids = crm.rows("account"), [first["id"], second["id"]]
    _add(crm, "account", first, second)
    with crm.database.write() as unit:
        rows.update_many(unit, ids, [1, 1], {"name": ["A", "B"], "notes": Same("both")})
    with pytest.raises(Stale), crm.database.write() as unit:
        rows.update_many(unit, ids, [2, 1], {"name": ["C", "D"]})
    found = [_load(crm, "account", id_) for id_ in ids]
    assert [(row["version"], row["name"], row["notes"]) for row in found] == [
        (2, "A", "both"),
        (2, "B", "both"),
    ]


def test_of_two_writers_of_one_version_one_is_told(crm: Crm) -> None:
    account, rows = crm.row("account"), crm.rows("account")
    _add(crm, "account", account)

    def write(name: str) -> bool:
        try:
            with crm.database.write() as unit:
                rows.update(unit, account["id"], 1, {"name": name})
        except Stale:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, "abcd")) == 1


def test_links_carry_attributes_and_no_pair_is_linked_twice(crm: Crm) -> None:
    complaint, user = crm.row("complaint"), crm.row("user", "Helena")
    user |= {"name": "Helena", "name__key": "helena", "email": "h@x", "email__key": "h@x", "active": True}
    link = crm.schema["complaint"].links["handlers"]
    rows = TableRows(crm.database, link.table)
    new = {
        "id": crm.world.new_id(),
        "source": complaint["id"],
        "created_at": crm.world.now(),
        "valid_from": date(2026, 1, 1),
        **link.target.split(Ref("user", user["id"]), crm.numbers.entities),
        **link.attributes["role"].split("Lead"),
    }
    _add(crm, "complaint", complaint)
    with crm.database.write(crm.schema.meanings) as unit:
        unit.insert_many(USER, list(user), [user])
        rows.insert(unit, [new])
    with crm.database.read() as unit:
        columns = [link.table.c[name] for name in ("target", "role", "role__key")]
        found = unit.execute(sa.select(*columns).where(link.source == complaint["id"])).all()
    assert [tuple(row) for row in found] == [(user["id"], "Lead", "lead")]
    with pytest.raises(Conflict, match="linked already"), crm.database.write(crm.schema.meanings) as unit:
        rows.insert(unit, [{**new, "id": crm.world.new_id()}])


def test_numbers_are_given_without_gap_or_double_under_concurrency(crm: Crm) -> None:
    counters = Counters(crm.database)

    def take(turn: int) -> int | None:
        try:
            with crm.database.write() as unit:
                number = counters.take(unit, 1, 2, "2026")
                if turn % 5 == 0:
                    raise ZeroDivisionError
                return number
        except ZeroDivisionError:
            return None

    with ThreadPoolExecutor(4) as pool:
        given = [n for n in pool.map(take, range(40)) if n is not None]
    assert sorted(given) == list(range(1, 33))


def test_numbers_are_taken_in_batches_and_counted_apart_by_scope(crm: Crm) -> None:
    counters = Counters(crm.database)
    with crm.database.write() as unit:
        assert [counters.take(unit, 1, 2, "2026", 10), counters.take(unit, 1, 2, "2026")] == [1, 11]
        assert [counters.take(unit, 1, 2, "2027"), counters.take(unit, 1, 3, "2026")] == [1, 1]


def test_a_held_name_is_waited_for(crm: Crm) -> None:
    """Where rules are kept by looking first, those who look take turns."""
    taken: list[str] = []

    def work(name: str) -> None:
        with crm.database.write() as unit:
            hold(unit, "key:account:twins")
            taken.append(f"{name} in")
            unit.execute(sa.text("SELECT 1"))
            taken.append(f"{name} out")

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work, str(n)) for n in range(8)]:
            future.result(30)
    assert [a.split()[0] for a in taken[::2]] == [b.split()[0] for b in taken[1::2]]
