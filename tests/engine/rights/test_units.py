"""The levels of business units: a record is where its owner is, whoever made it, and goes along when it is given."""

from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Create, Target, Update
from xrm.engine.queries.request import Query
from xrm.errors import Forbidden
from xrm.testing import a_pack, an_actor

DEAL = "title: name\nownership: user_or_team\nfields: {name: {type: text, required: true}}\n"
ROLES = """
seller:
  label: Seller
  grants: {own: {entity: deal, can: [create, read, update], rows: own}}
manager:
  label: Manager
  grants: {all: {entity: deal, can: [create, read, update, assign], rows: unit_and_below}}
"""


class World:
    """North lies below Head; Ana sells in North, Bea in South, Max manages North, Eva Head."""

    def __init__(self, runtime):
        self.runtime, groups = runtime, runtime.identity.groups
        by = runtime.installer
        head = groups.create_unit(by, "Head")
        for name in ("North", "South"):
            groups.create_unit(by, name, head)
        groups.create_team(by, "Crew", runtime.directory.unit("South"))
        self.ana = an_actor(runtime, "Ana", ["seller"], unit="North")
        self.bea = an_actor(runtime, "Bea", ["seller"], unit="South")
        self.max = an_actor(runtime, "Max", ["manager"], unit="North")
        self.eva = an_actor(runtime, "Eva", ["manager"], unit="Head")
        self.eva = runtime.identity.actor(self.eva.id, door="api")

    def make(self, name, by, **values) -> UUID:
        done = self.runtime.current().records.execute(by, [Create("deal", {"name": name, **values})])
        return done.results[0].id

    def give(self, record, by, **values):
        return self.runtime.current().records.execute(by, [Update("deal", Target(record), values)])

    def seen(self, by):
        rows = self.runtime.current().queries.list(by, Query("deal", fields=(("name",),), limit=50)).data
        return sorted(row["name"] for row in rows)


def a(person):
    return {"entity": "user", "id": str(person.id)}


@pytest.fixture
def world(database_url, tmp_path):
    runtime = make_runtime(database_url, tmp_path, [a_pack("sales", {"roles.yaml": ROLES}, deal=DEAL)])
    yield World(runtime)
    runtime.close()


def test_a_record_is_where_its_owner_is_whoever_made_it(world):
    world.make("Made by herself", world.ana)
    world.make("Made for her", world.runtime.installer, owner=a(world.ana))
    world.make("Made for another", world.runtime.installer, owner=a(world.bea))
    assert world.seen(world.max) == ["Made by herself", "Made for her"]
    assert world.seen(world.eva) == ["Made by herself", "Made for another", "Made for her"]


def test_a_record_of_a_team_is_where_the_team_is(world):
    crew = {"entity": "team", "id": str(world.runtime.directory.team("Crew"))}
    world.make("Of the crew", world.runtime.installer, team=crew)
    assert (world.seen(world.max), world.seen(world.eva)) == ([], ["Of the crew"])


def test_it_goes_along_when_it_is_given(world):
    deal = world.make("Given", world.ana)
    world.give(deal, world.eva, owner=a(world.bea))
    assert (world.seen(world.max), world.seen(world.eva)) == ([], ["Given"])
    world.give(deal, world.eva, owner=a(world.ana))
    assert world.seen(world.max) == ["Given"]


def test_nobody_gives_a_record_where_they_may_not_write(world):
    deal = world.make("Stays", world.ana)
    with pytest.raises(Forbidden):
        world.give(deal, world.max, owner=a(world.bea))
    assert world.seen(world.max) == ["Stays"]
