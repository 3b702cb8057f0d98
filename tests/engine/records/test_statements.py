"""How many statements a write takes: as many for a thousand records as for ten, and few for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest

from tests.support.office import Office
from xrm.engine.commands import Command, Create, Target, Update
from xrm.engine.storage.database import UnitOfWork

Count = Callable[[Sequence[Command]], int]
FEW, MANY = 10, 1000
# The lookup is looked at, then the row is stored, the words, the change; a single record of PostgreSQL's has these
# in one statement. On SQLite the words are two rows under the next free number, and words that change are taken
# away first. What opens the transaction asks for the definitions, too.
CREATE = {"sqlite": 6, "postgresql": 4}
ALONE = {"sqlite": 6, "postgresql": 2}
UPDATE = {"sqlite": 3, "postgresql": 3}
UPDATE_OF_WORDS = {"sqlite": 6, "postgresql": 4}


@pytest.fixture
def statements(office: Office, monkeypatch: pytest.MonkeyPatch) -> Count:
    """How many statements the commands take between BEGIN and COMMIT."""
    counted: list[str] = []
    for name in ("run", "change", "execute", "run_columns", "_copy", "_insert_together"):
        original = getattr(UnitOfWork, name)

        def counting(self: UnitOfWork, *given: Any, _original: Any = original, **named: Any) -> Any:
            counted.append(str(given[0]))
            return _original(self, *given, **named)

        monkeypatch.setattr(UnitOfWork, name, counting)
    records = office.runtime.current().records

    def count(commands: Sequence[Command]) -> int:
        counted.clear()
        records.execute(office.boss, commands)
        return len(counted)

    return count


def people(account: UUID, count: int) -> list[Command]:
    """People to be made, all of one account."""
    return [
        Create("person", {"name": {"first": "Ana", "last": f"Number {n}"}, "account": str(account)})
        for n in range(count)
    ]


def changes(office: Office, count: int, **values: Any) -> list[Command]:
    """These values for people who have others."""
    made = office.run(*people(office.make("account", name="A"), count)).results
    return [Update("person", Target(result.id), values) for result in made]


def test_a_create_takes_few_statements_and_a_thousand_take_no_more(office: Office, statements: Count) -> None:
    account, database = office.make("account", name="A"), office.runtime.database.dialect.name
    found = {size: statements(people(account, size)) for size in (1, FEW, MANY)}
    assert found == {1: ALONE[database], FEW: CREATE[database], MANY: CREATE[database]}


@pytest.mark.parametrize(
    ("values", "most"),
    [({"email": "ana@example.com"}, UPDATE), ({"name": {"first": "Eva"}}, UPDATE_OF_WORDS)],
    ids=["a field", "a field that is searched"],
)
def test_an_update_takes_few_statements_and_a_thousand_take_no_more(
    office: Office, statements: Count, values: dict[str, Any], most: dict[str, int]
) -> None:
    found = {size: statements(changes(office, size, **values)) for size in (1, FEW, MANY)}
    assert found == dict.fromkeys((1, FEW, MANY), most[office.runtime.database.dialect.name])


def test_lookups_with_a_filter_are_judged_together(office: Office, statements: Count) -> None:
    """The people who are chosen are read once, however many records choose one."""
    account = office.make("account", name="A")
    chosen = [str(result.id) for result in office.run(*people(account, FEW)).results]
    deals = [
        Create("deal", {"name": f"Deal {n}", "account": str(account), "contact": chosen[n % FEW]})
        for n in range(2 * FEW)
    ]
    with_filter = statements(deals)
    without = statements([Create("deal", {**deal.values, "contact": None}) for deal in deals])
    assert (
        with_filter - without == 1
    )  # what the chosen are like; whether they are there is asked with the account
