"""Rules that people keep in records: read as definitions are, asked when a record is written that they speak of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Create, Delete, Target, Update
from xrm.engine.packs import Revision
from xrm.engine.runtime import Runtime
from xrm.errors import Invalid, Problem
from xrm.settings import Limits
from xrm.testing import a_pack, an_actor, make_settings, pack_from

ROLES = """
keeper:
  grants:
    rules: {entity: rule, can: [create, read, update]}
    parts: {entity: part, can: [read]}
    machines: {entity: machine, can: [read], fields: [name, parts]}
maker:
  grants:
    machines: {entity: machine, can: [create, read, update]}
    parts: {entity: part, can: [read]}
    kinds: {entity: kind, can: [read], fields: [name]}
"""
SHOP = a_pack(
    "shop",
    {"roles.yaml": ROLES},
    kind="title: name\nfields:\n  name: {type: text, required: true}\n",
    slot="title: name\nfields:\n  name: {type: text}\n  least: {type: integer}\n  most: {type: integer}\n"
    "relationships:\n  kind: {to: kind, inverse: slots}\n",
    part="title: name\nfields:\n  name: {type: text, required: true}\nrelationships:\n  slot: {to: slot}\n",
    rule="""
title: name
fields:
  name: {type: text, required: true}
  applies: {type: expression, entity: machine, required: true}
  then: {type: choice, options: [need, bar, begin, count], required: true}
  words: {type: text}
  points: {type: integer}
relationships:
  kind: {to: kind, inverse: rules}
  target: {to: part}
""",
    machine="""
title: name
fields:
  name: {type: text, required: true}
  secret: {type: integer}
  points: {type: formula, formula: 'sum(counted, points)'}
  whole: {type: formula, formula: not any(open)}
relationships:
  kind: {to: kind}
  parts: {to: part, many: true}
  counted: {to: rule, many: true}
  open: {to: slot, many: true}
rules:
  needed:
    each: kind.rules
    holds: applies
    when: 'then == "need"'
    must: target in record.parts
    say: words
    field: parts
    message: A part is needed.
  barred: {each: kind.rules, holds: applies, when: 'then == "bar"', must: target not in record.parts, say: words}
  begun: {each: kind.rules, holds: applies, when: 'then == "begin"', choose: target, into: parts}
  kept: {each: kind.rules, holds: applies, when: 'then == "count"', keep: counted}
  fitting: {each: kind.slots, must: 'count(record.parts, slot == each and each.most != 0) <= most', field: parts}
  lacking: {each: kind.slots, when: 'count(record.parts, slot == each) < least', keep: open}
""",
)  # fmt: skip


class _Shop:
    def __init__(self, runtime: Runtime, actor: Any) -> None:
        self.runtime, self.actor = runtime, actor

    def make(self, entity: str, **values: Any) -> str:
        done = self.runtime.current().records.execute(self.actor, [Create(entity, values)])
        return str(done.results[0].id)

    def told(self, entity: str, **values: Any) -> Problem:
        with pytest.raises(Invalid) as refused:
            self.runtime.current().records.do(self.actor, Create(entity, values))
        return refused.value.first

    def drop(self, entity: str, record: str) -> None:
        self.runtime.current().records.execute(self.actor, [Delete(entity, Target(UUID(record)))])

    def change(self, entity: str, record: str, **values: Any) -> None:
        self.runtime.current().records.execute(self.actor, [Update(entity, Target(UUID(record)), values)])


def test_rules_that_are_kept_in_records_refuse_choose_and_count(database_url: str, tmp_path: Path) -> None:
    settings = make_settings(database_url, tmp_path, limits=Limits(kept_rules=3))
    runtime = make_runtime(database_url, tmp_path, [SHOP], settings=settings)
    all_, maker = _Shop(runtime, runtime.installer), _Shop(runtime, an_actor(runtime, "Mia", ["maker"]))
    keeper = _Shop(runtime, an_actor(runtime, "Kim", ["keeper"]))
    kind = all_.make("kind", name="Pump")
    pro, big, base = (all_.make("part", name=name) for name in ("Pro", "Big", "Base"))
    has_pro = {"kind": kind, "applies": 'any(parts, name == "Pro")'}
    wrong = keeper.told("rule", name="W", applies="name == 1 and\n secrte > 2", then="bar")
    assert (wrong.code, wrong.where.path) == ("M202", "applies")
    hidden = keeper.told("rule", name="H", applies="secret > 2", then="bar")
    assert hidden.message == "At character 1: machine has no secret."
    need = all_.make("rule", name="N", then="need", target=big, words="Pro needs Big.", **has_pro)
    all_.make("rule", name="B", then="begin", target=base, kind=kind, applies="true")
    all_.make("rule", name="C", then="count", points=7, kind=kind, applies="count(parts) >= 2")

    def linked(*parts: str) -> dict[str, Any]:
        return {"create": [{"to": part} for part in parts]}

    assert all_.told("machine", name="M", kind=kind, parts=linked(pro)).message == "Pro needs Big."
    refused = maker.told("machine", name="M", kind=kind, parts=linked(pro))
    assert (refused.code, refused.where.path, refused.message) == ("R151", "parts", "A part is needed.")
    begun, whole = (
        maker.make("machine", name="M", kind=kind),
        maker.make("machine", name="M", kind=kind, parts=linked(pro, big)),
    )
    read = runtime.current().queries.get
    assert [read(runtime.installer, "machine", UUID(m))["points"] for m in (begun, whole)] == [0, 7]
    assert "points" not in read(maker.actor, "machine", UUID(whole))
    assert all_.told("machine", name="M", counted=linked(need)).code == "R131"
    more = all_.make("rule", name="D", then="count", kind=kind, applies="false")
    many = all_.told("machine", name="M", kind=kind)
    assert (many.code, many.where.path) == ("L145", "")
    assert many.message == "4 rules are kept for this record, and 3 is the most that is asked."
    all_.drop("rule", more)
    crowded = all_.make("kind", name="Crowd")
    slots = [all_.make("slot", kind=crowded, name=str(number), most=1) for number in range(4)]
    many = all_.told("machine", name="M", kind=crowded)
    told = "4 records are asked for this record, and 3 is the most that is asked."
    assert (many.code, many.message) == ("L145", told)
    all_.drop("slot", slots[0])
    all_.make("machine", name="M", kind=crowded)
    _each_record_is_asked_inside_its_many_records_too(all_)
    if database_url.startswith(
        "sqlite"
    ):  # a change of definitions is dear, and its texts are the same everywhere
        _renamed(runtime)
        read = runtime.current().queries.get
        assert read(runtime.installer, "rule", UUID(need))["applies"] == 'any(components, name == "Pro")'
        assert all_.told("machine", name="M", kind=kind, components=linked(pro)).message == "Pro needs Big."
    runtime.close()


def _each_record_is_asked_inside_its_many_records_too(all_: _Shop) -> None:
    kind = all_.make("kind", name="Car")
    head, foot = (
        all_.make("slot", kind=kind, name=n, least=1, most=m) for n, m in (("Head", 1), ("Foot", 2))
    )
    one, two, three = (all_.make("part", name="x", slot=slot) for slot in (head, head, foot))

    def parts(*given: str) -> dict[str, Any]:
        return {"name": "M", "kind": kind, "parts": {"create": [{"to": part} for part in given]}}

    assert all_.told("machine", **parts(one, two, three)).code == "R151"
    made = [all_.make("machine", **parts(*given)) for given in ((), (one,), (two, three))]
    read = all_.runtime.current().queries.get
    assert [read(all_.actor, "machine", UUID(m))["whole"] for m in made] == [False, False, True]


def _renamed(runtime: Runtime) -> None:
    files = {
        **SHOP,
        "entities/machine.yaml": SHOP["entities/machine.yaml"].replace("record.parts", "record.components"),
    }
    text = files["entities/machine.yaml"].replace(
        "parts: {to: part, many: true}", "components: {to: part, many: true, renamed_from: [parts]}"
    )
    text = text.replace("field: parts", "field: components").replace("into: parts", "into: components")
    files["entities/machine.yaml"] = text
    revision = Revision((pack_from(files),), dev=True)
    plan = runtime.packs.foresee(revision).plan
    runtime.packs.revise(replace(revision, confirmed=plan.hash), runtime.installer)
