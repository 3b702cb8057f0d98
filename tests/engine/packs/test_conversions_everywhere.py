"""What a conversion makes of a value in Python is what both databases hold afterwards, and it goes back exactly."""

import json
from dataclasses import replace

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.inputs import CASES
from tests.support.installed import plan_back
from xrm.engine.commands import Create
from xrm.engine.packs import Revision
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.builtins import read_value, write_value
from xrm.metadata.fieldtypes.conversions import CONVERSIONS, conversion, converted
from xrm.testing import a_pack, admin_actor, pack_from

RECORDS = 3
STORED_ELSEWHERE = {"file", "image", "autonumber"}
CASE = {case.type.name: case for case in reversed(CASES)}
# What an expression says has to fit the entity that it is about, which no value of another type does.
LEFT_OUT = {*STORED_ELSEWHERE, "expression"}
PAIRS = sorted(pair for pair in CONVERSIONS if not LEFT_OUT & set(pair))


def said(type_):
    """The type with its parameters, as YAML in one line."""
    case = CASE[type_]
    params = {**case.params, **({"currency": "EUR"} if type_ == "money" else {})}
    if "entity" in params:
        params["entity"] = "thing"
    if "options" in params:
        params["options"] = [option.key for option in params["options"]]
    return json.dumps({"type": type_, **params})


def params_of(type_):
    return {**CASE[type_].params, **({"currency": "EUR"} if type_ == "money" else {})}


def entity(types):
    lines = [f"  f{number}: {said(type_)}" for number, type_ in enumerate(types)]
    return "\n".join(("title: label", "fields:", "  label: {type: text}", *lines)) + "\n"


def inputs(type_):
    """Values that a field of the type takes; amounts are of its one currency."""
    if type_ == "money":
        return st.decimals(-1000, 1000, places=2).map(str)
    case = CASE[type_]
    return case.inputs.filter(lambda raw: taken(lambda: read_value(case.type, raw, case.params)) is not None)


def taken(work):
    try:
        return work()
    except BadValue:
        return None


def made(pair, raw):
    """What the value becomes, as an API gives it; nothing where it does not fit."""
    before, after = (params_of(name) for name in pair)
    types = [CASE[name].type for name in pair]
    value = read_value(types[0], raw, before)
    if value is None:
        return None
    found = taken(lambda: converted(conversion(*types), value, before, types[1], after))
    return write_value(types[1], found, after)


def hash_of(plan):
    return plan.hash if plan.destructive else ""


def test_what_python_says_both_databases_hold_and_what_was_comes_back(make, scale):
    runtime = make()
    ana = admin_actor(runtime)

    def put(types, decisions=None):
        pack = pack_from(a_pack("life", thing=entity(types)))
        revision = Revision((pack,), dev=True, decisions=decisions or {})
        plan = runtime.packs.foresee(revision).plan
        runtime.packs.revise(replace(revision, confirmed=hash_of(plan)), runtime.installer)
        assert runtime.packs.plan().is_empty

    def back(number):
        plan = plan_back(runtime, number)
        runtime.packs.roll_back(number, runtime.installer, confirmed=hash_of(plan))

    def held(records):
        return [
            json.loads(json.dumps(runtime.current().queries.get(ana, "thing", r), default=str))
            for r in records
        ]

    empty = runtime.packs.versions()[0].number

    @given(st.data())
    @settings(
        max_examples=scale(2, 60),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    def go(data):
        pairs = data.draw(st.lists(st.sampled_from(PAIRS), min_size=25, max_size=25))
        back(empty)
        put([source for source, _ in pairs])
        rows = [[data.draw(inputs(source)) for source, _ in pairs] for _ in range(RECORDS)]
        commands = [Create("thing", {f"f{n}": raw for n, raw in enumerate(row)}) for row in rows]
        records = [done.id for done in runtime.current().records.execute(ana, commands).results]
        then, before = runtime.packs.versions()[0].number, held(records)
        put([target for _, target in pairs], {f"unfit:thing.f{n}": "" for n in range(len(pairs))})
        for row, found in zip(rows, held(records), strict=True):
            for number, (pair, raw) in enumerate(zip(pairs, row, strict=True)):
                assert found[f"f{number}"] == made(pair, raw), (pair, raw)
        back(then)
        assert held(records) == before

    go()
