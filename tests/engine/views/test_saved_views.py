"""Views that people save: whose they are, who sees and changes them, and what becomes of them when things change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from xrm.engine.commands import Actor
from xrm.engine.runtime import Runtime
from xrm.engine.storage.ledger import PREFERENCE, VIEW
from xrm.engine.views import ALL, ROLE, Asked, ViewService, Wanted
from xrm.errors import Forbidden, Invalid, NotFound, Stale, TooLarge
from xrm.testing import a_pack, an_actor

DEAL = """
title: name
fields:
  name:   {type: text, required: true, search: true}
  stage:  {type: choice, options: [open, won, lost]}
  amount: {type: integer}
  margin: {type: integer, sensitive: true}
relationships:
  firm: {to: firm, inverse: deals}
"""
FIRM = "title: name\nfields: {name: {type: text, required: true}, rank: {type: integer}}\n"
ROLES = """
seller:
  grants:
    deals: {entity: [deal, firm], can: [read]}
boss:
  grants:
    deals:   {entity: [deal, firm], can: [read, publish]}
    margins: {entity: deal, can: [read], fields: [name, margin]}
editor:
  grants:
    deals: {entity: [deal, firm], can: [read, publish]}
"""
VIEWS = "all: {type: list, columns: [name, stage]}\nlanes: {type: board, group_by: stage, card: [firm]}\n"


def the_pack() -> dict[str, str]:
    files = {"roles.yaml": ROLES, "views/deal.yaml": VIEWS}
    return a_pack("sales", files, deal=DEAL, firm=FIRM)


@pytest.fixture(scope="module")
def runtime(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    made = make_runtime(module_url, tmp_path_factory.mktemp("sales"), [the_pack()])
    yield made
    made.close()


@pytest.fixture
def views(runtime: Runtime) -> ViewService:
    """The service, while nobody has saved anything."""
    with runtime.database.write() as unit:
        for table in (VIEW, PREFERENCE):
            unit.execute(sa.delete(table))
    return runtime.current().views


@pytest.fixture
def ana(runtime: Runtime) -> Actor:
    return an_actor(runtime, roles=["seller"], name="Ana")


@pytest.fixture
def eva(runtime: Runtime) -> Actor:
    return an_actor(runtime, roles=["seller"], name="Eva")


@pytest.fixture
def bob(runtime: Runtime) -> Actor:
    return an_actor(runtime, roles=["boss"], name="Bob")


BIG = Asked(
    base="all", fields=("name", "firm.rank"), filter='amount > 100 and stage == "open"', sort=("-amount",)
)


def names(views: ViewService, actor: Actor) -> list[str]:
    return [view.name for view in views.shelf(actor, "deal").views]


def test_a_view_is_saved_found_changed_and_removed_by_its_owner_alone(
    views: ViewService, ana: Actor, eva: Actor, bob: Actor
) -> None:
    made = views.create(ana, "deal", Wanted(" Big ", BIG))
    assert (made.name, made.asked, made.scope, made.version, made.may_change) == ("Big", BIG, "me", 1, True)
    assert views.view(ana, "deal", made.id) == made
    assert names(views, eva) == names(views, bob) == []
    changed = views.change(
        ana, "deal", made.id, Wanted("Bigger", replace(BIG, filter="amount > 1000")), version=1
    )
    assert (changed.name, changed.asked.filter, changed.version) == ("Bigger", "amount > 1000", 2)
    assert views.view(ana, "deal", made.id) == changed
    with pytest.raises(Stale, match="R184"):
        views.change(ana, "deal", made.id, Wanted("Other", BIG), version=1)
    for stranger in (eva, bob):
        with pytest.raises(NotFound):
            views.change(stranger, "deal", made.id, Wanted("Mine now", BIG))
        with pytest.raises(NotFound):
            views.delete(stranger, "deal", made.id)
    views.delete(ana, "deal", made.id)
    assert names(views, ana) == []


def test_views_for_others_need_the_right_to_publish(
    views: ViewService, ana: Actor, eva: Actor, bob: Actor
) -> None:
    for scope, role in ((ALL, ""), (ROLE, "seller")):
        with pytest.raises(Forbidden):
            views.create(ana, "deal", Wanted("For others", BIG, scope, role))
    for_all = views.create(bob, "deal", Wanted("For all", BIG, ALL))
    views.create(bob, "deal", Wanted("For sellers", BIG, ROLE, "seller"))
    views.create(bob, "deal", Wanted("For bosses", BIG, ROLE, "boss"))
    mine = views.create(ana, "deal", Wanted("Mine", BIG))
    assert names(views, ana) == ["For all", "For sellers", "Mine"]
    assert names(views, eva) == ["For all", "For sellers"]
    assert names(views, bob) == ["For all", "For bosses", "For sellers"]
    for act in (
        lambda: views.change(ana, "deal", for_all.id, Wanted("Other", BIG, ALL)),
        lambda: views.change(ana, "deal", mine.id, Wanted("Mine", BIG, ALL)),
        lambda: views.delete(ana, "deal", for_all.id),
    ):
        with pytest.raises(Forbidden):
            act()
    assert names(views, ana) == ["For all", "For sellers", "Mine"]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (Wanted("", BIG), ["name"]),
        (Wanted("x" * 61, BIG), ["name"]),
        (Wanted("a\nb", BIG), ["name"]),
        (Wanted("x", Asked(fields=("name", "nmae"))), ["fields"]),
        (Wanted("x", Asked(filter="amount > ")), ["filter"]),
        (Wanted("x", Asked(filter="margin > 3", sort=("-margin",))), ["filter", "sort"]),
        (Wanted("x", Asked(sort=("firm.margin",))), ["sort"]),
        (Wanted("x", Asked(type="pivot", group="name", base="none")), ["base", "type", "group"]),
        (Wanted("x", BIG, "world"), ["scope"]),
        (Wanted("x", BIG, "me", "seller"), ["role"]),
        (Wanted("x", BIG, ROLE, "nobody"), ["role"]),
    ],
)
def test_what_no_view_can_be_is_refused_with_every_place(
    views: ViewService, ana: Actor, wanted: Wanted, places: list[str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        views.create(ana, "deal", wanted)
    assert [p.where.path for p in refusal.value.problems] == places
    assert names(views, ana) == []


def test_a_name_is_had_once_by_those_who_see_it(
    views: ViewService, ana: Actor, eva: Actor, bob: Actor
) -> None:
    first = views.create(ana, "deal", Wanted("Öpen", BIG))
    with pytest.raises(Invalid, match="R182"):
        views.create(ana, "deal", Wanted("OPEN", BIG))
    views.create(eva, "deal", Wanted("Open", BIG))
    views.create(bob, "deal", Wanted("Open", BIG, ALL))
    with pytest.raises(Invalid, match="R182"):
        views.create(bob, "deal", Wanted("open", BIG, ALL))
    assert views.change(ana, "deal", first.id, Wanted("Open", BIG)).name == "Open"


def test_the_number_of_views_has_a_bound(
    views: ViewService, ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xrm.engine.views.service.MOST", 2)
    for name in ("a", "b"):
        views.create(ana, "deal", Wanted(name, BIG))
    with pytest.raises(TooLarge, match="L141"):
        views.create(ana, "deal", Wanted("c", BIG))


def test_one_begins_with_the_view_of_ones_choice_until_it_is_gone(
    views: ViewService, ana: Actor, eva: Actor
) -> None:
    made = views.create(ana, "deal", Wanted("Big", BIG))
    for first in ("lanes", str(made.id)):
        views.begin_with(ana, "deal", first)
        assert views.shelf(ana, "deal").first == first
        assert (views.shelf(eva, "deal").first, views.shelf(ana, "firm").first) == ("", "")
    for unknown in ("none", str(UUID(int=1))):
        with pytest.raises(NotFound):
            views.begin_with(ana, "deal", unknown)
    with pytest.raises(NotFound):
        views.begin_with(eva, "deal", str(made.id))
    views.delete(ana, "deal", made.id)
    assert views.shelf(ana, "deal").first == ""


def test_density_is_the_persons_own_and_holds_at_every_entity(
    views: ViewService, ana: Actor, eva: Actor
) -> None:
    views.set_density(ana, "compact")
    assert [views.shelf(ana, e).density for e in ("deal", "firm")] == ["compact", "compact"]
    assert views.shelf(eva, "deal").density == ""
    with pytest.raises(Invalid):
        views.set_density(ana, "airy")


def test_what_a_reader_may_not_know_is_left_out_and_counted_and_not_told(
    views: ViewService, ana: Actor, bob: Actor
) -> None:
    asked = Asked(fields=("name", "margin"), filter='margin > 3 and stage == "won"', sort=("-margin", "name"))
    made = views.create(bob, "deal", Wanted("Rich", asked, ALL))
    assert (made.asked, made.left_out) == (asked, 0)
    seen = views.view(ana, "deal", made.id)
    assert seen.asked == Asked(fields=("name",), filter='stage == "won"', sort=("name",))
    assert seen.left_out == 3
    assert "margin" not in str(seen)


def test_what_one_may_not_know_of_a_view_stays_when_one_changes_it(
    runtime: Runtime, views: ViewService, bob: Actor
) -> None:
    cleo = an_actor(runtime, roles=["editor"], name="Cleo")
    asked = Asked(fields=("margin", "name"), filter='margin > 3 and stage == "won"', sort=("-margin", "name"))
    made = views.create(bob, "deal", Wanted("Good ones", asked, ALL))
    seen = views.view(cleo, "deal", made.id)
    assert (seen.asked, seen.left_out) == (
        Asked(fields=("name",), filter='stage == "won"', sort=("name",)),
        3,
    )
    views.change(cleo, "deal", made.id, Wanted("Best ones", seen.asked, ALL))
    now = views.view(bob, "deal", made.id)
    assert (now.name, now.asked) == ("Best ones", asked)
    views.change(
        cleo, "deal", made.id, Wanted("Lost", replace(seen.asked, filter='stage == "lost"', sort=()), ALL)
    )
    now = views.view(bob, "deal", made.id)
    assert (now.asked.filter, now.asked.sort) == ('stage == "lost" and margin > 3', ("-margin",))
    assert list(views.users("field:deal.margin")) == ['saved view "Lost": deal']


def test_parts_that_a_later_version_of_the_pack_does_not_know_are_left_out(
    runtime: Runtime, views: ViewService, ana: Actor
) -> None:
    made = views.create(ana, "deal", Wanted("Big", BIG))
    kept = {
        "base": "gone",
        "fields": ["name", "gone"],
        "filter": 'gone > 1 and stage == "open"',
        "group": "gone",
    }
    with runtime.database.write() as unit:
        unit.execute(sa.update(VIEW).values(asked=kept))
    seen = views.view(ana, "deal", made.id)
    assert seen.asked == Asked(base="gone", fields=("name",), filter='stage == "open"')
    assert seen.left_out == 3


def test_a_field_tells_which_saved_views_use_it(views: ViewService, ana: Actor, bob: Actor) -> None:
    views.create(ana, "deal", Wanted("Private", BIG))
    views.create(bob, "deal", Wanted("By rank", Asked(fields=("firm.rank",)), ALL))
    told = {
        name: sorted(views.users(f"field:{name}"))
        for name in ("deal.stage", "deal.firm", "firm.rank", "deal.name")
    }
    private, shared = "saved view of one person: deal", 'saved view "By rank": deal'
    assert told == {
        "deal.stage": [private],
        "deal.firm": [shared, private],
        "firm.rank": [shared, private],
        "deal.name": [private],
    }


def test_an_entity_that_one_may_not_read_has_no_shelf(runtime: Runtime, views: ViewService) -> None:
    nobody = an_actor(runtime, roles=[], name="Nil")
    with pytest.raises(NotFound):
        views.shelf(nobody, "deal")
    with pytest.raises(NotFound):
        views.create(nobody, "deal", Wanted("x", BIG))
