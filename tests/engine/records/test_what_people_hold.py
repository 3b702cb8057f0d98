"""Values over the records that a person or a team holds: what was sold in a period, against a target."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from tests.support.installed import make_runtime
from xrm.engine.commands import Create, Delete, Restore, Target, Update
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack, an_actor

WON = 'state == "won" and closed_on >= record.starts_on and closed_on < add_months(record.starts_on, 3)'
SALES = a_pack(
    "sales",
    {"roles.yaml": """
seller:
  grants:
    targets: {entity: target, can: [read]}
    deals: {entity: deal, can: [read], rows: own}
chief:
  grants:
    all: {entity: [target, deal], can: [read]}
"""},
    target=f"""
title: number
ownership: organization
fields:
  number: {{type: autonumber, pattern: "T-{{000}}"}}
  starts_on: {{type: date, required: true}}
  amount: {{type: money}}
  actual:
    type: formula
    formula: 'sum((holder as user).deal_by_owner, amount, {WON}) + sum((holder as team).deal_by_team, amount, {WON})'
    result: money
  percent: {{type: formula, formula: actual * 100 / amount, result: percent, scale: 2}}
  near:
    type: formula
    formula: 'sum((holder as user).deal_by_owner, sum(owner.deal_by_owner, amount))'
    result: money
  open_deals: {{type: formula, formula: 'count((holder as user).deal_by_owner, state == "open")'}}
relationships:
  holder: {{to: [user, team], required: true}}
""",
    deal="""
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true}
  state: {type: choice, options: [open, won, lost], default: open}
  amount: {type: money}
  closed_on: {type: date}
  of_the_same: {type: formula, formula: count(owner.deal_by_owner)}
rules:
  not_too_many: {must: count(owner.deal_by_owner) <= 3, message: Nobody has more than three.}
""",
)  # fmt: skip


def test_a_target_adds_up_what_its_holder_won_in_its_period(database_url: str, tmp_path: Path) -> None:
    runtime = make_runtime(database_url, tmp_path, [SALES])
    ana, ben = (an_actor(runtime, name, ["seller"]) for name in ("Ana", "Ben"))
    hand = _Hand(runtime)
    target = hand.make("target", starts_on="2026-04-01", amount=_money(100), holder=_user(ana))
    one = hand.make("deal", name="One", amount=_money(40), owner=_user(ana), closed_on="2026-06-30")
    assert hand.of("target", target, "actual", "open_deals") == ["0.00", 1]
    hand.change("deal", one, state="won")
    hand.make("deal", name="Late", amount=_money(7), owner=_user(ana), closed_on="2026-07-01", state="won")
    other = hand.make("target", starts_on="2026-07-01", amount=_money(0), holder=_user(ana))
    assert hand.of("target", target, "actual", "percent", "open_deals") == ["40.00", "40.00", 0]
    assert hand.of("target", other, "near") == ["94.00"]
    assert hand.of("target", other, "actual", "percent") == ["7.00", None]
    hand.change("target", target, starts_on="2026-05-01")
    assert hand.of("target", target, "actual") == ["47.00"]
    hand.run(Delete("deal", Target(one)))
    assert hand.of("target", target, "actual") == ["7.00"]
    hand.run(Restore("deal", Target(one)))
    hand.change("deal", one, owner=_user(ben))
    assert hand.of("target", target, "actual") == ["7.00"]
    hand.change("target", target, holder=_user(ben))
    assert hand.of("target", target, "actual") == ["40.00"]
    assert hand.of("deal", one, "of_the_same") == [1]
    north = {"entity": "team", "id": str(runtime.identity.groups.create_team(runtime.installer, "North"))}
    hand.change("deal", one, team=north)
    hand.change("target", other, holder=north, starts_on="2026-05-01")
    assert hand.of("target", other, "actual", "open_deals") == ["40.00", 0]
    assert not any(runtime.current().records.refill_needed(runtime.installer).values())
    queries, chief = runtime.current().queries, an_actor(runtime, "Carl", ["chief"])
    assert queries.get(chief, "target", target)["percent"] == "40.00"
    assert not {"actual", "percent", "open_deals", "near"} & queries.get(ben, "target", target).keys()
    runtime.close()


class _Hand:
    """Hands that may do everything."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def run(self, *commands: Any) -> Any:
        return self.runtime.current().records.execute(self.runtime.installer, commands).results

    def make(self, entity: str, **values: Any) -> UUID:
        return UUID(str(self.run(Create(entity, values))[0].id))

    def change(self, entity: str, record: UUID, **values: Any) -> None:
        self.run(Update(entity, Target(record), values))

    def of(self, entity: str, record: UUID, *names: str) -> list[Any]:
        stored = self.runtime.current().queries.get(self.runtime.installer, entity, record)
        return [v["amount"] if isinstance(v := stored[name], dict) else v for name in names]


def _money(amount: int) -> dict[str, str]:
    return {"amount": str(amount), "currency": "EUR"}


def _user(actor: Any) -> dict[str, str]:
    return {"entity": "user", "id": str(actor.id)}
