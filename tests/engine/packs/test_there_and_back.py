"""Whatever becomes of a small model: back in the version of before, its data are as they were, whatever was kept from
earlier still."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.packs.living import data
from tests.support.installed import plan_back
from xrm.engine.commands import Create, Link, Target, Transition
from xrm.engine.packs import Revision
from xrm.errors import PlanRefused
from xrm.metadata.fieldtypes.conversions import becomes
from xrm.testing import a_pack, admin_actor, pack_from

TYPES = {
    "text": "text value",
    "integer": 7,
    "money": {"amount": "12.50", "currency": "EUR"},
    "date": "2026-05-15",
    "person_name": {"first": "Ana", "last": "Silva"},
}
TURNS = {name: sorted({name, *becomes(name)} & TYPES.keys()) for name in TYPES}
NAMES = ("alpha", "beta", "gamma", "delta")
RANKED = tuple(f"to: thing, many: true, attributes: {{rank: {{type: {name}}}}}" for name in TYPES)

fields = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(sorted(TYPES)), max_size=3)
relationships = st.dictionaries(
    st.sampled_from(("one", "two", "three")),
    st.sampled_from(("to: thing", "to: [thing, user]", "to: any", "to: thing, many: true", *RANKED)),
    max_size=2,
)
states = st.sampled_from(((), ("open", "held"), ("open", "shut"), ("open", "held", "shut")))


@st.composite
def models(draw):
    """Entities by name, each with fields, relationships and the states of its lifecycle."""
    names = draw(st.lists(st.sampled_from(("thing", "place", "event")), min_size=1, max_size=2, unique=True))
    every = dict.fromkeys(["thing", *names])
    return {name: (draw(fields), draw(relationships), draw(states)) for name in every}


@st.composite
def changed(draw, model):
    """Another model, some of whose parts say that they had another name before, or have another type."""
    out = {}
    for name, (own, links, _) in model.items():
        if name != "thing" and draw(st.booleans()):
            continue
        kept = {n: (draw(st.sampled_from(TURNS[t])), "") for n, t in own.items() if draw(st.booleans())}
        for old, new in list(
            zip(list(kept), draw(st.permutations(("omega", "sigma", "theta"))), strict=False)
        ):
            if draw(st.booleans()):
                kept[new] = (kept.pop(old)[0], old)
        fresh = {n: (t, "") for n, t in draw(fields).items() if n not in own and n not in kept}
        left = {
            n: turned(to, draw) if draw(st.booleans()) else to
            for n, to in links.items()
            if draw(st.booleans())
        }
        out[name] = ({**kept, **fresh}, left, draw(states))
    return out


def turned(to, draw):
    """The other way in which a relationship is kept; or its links with an attribute of another type."""
    if to in RANKED:
        ranks = dict(zip(TYPES, RANKED, strict=True))
        (now,) = (name for name, said in ranks.items() if said == to)
        return ranks[draw(st.sampled_from(TURNS[now]))]
    return to.removesuffix(", many: true") if to.endswith("true") else f"{to}, many: true"


def documents(model):
    """The pack of the model."""
    living = {f"lifecycles/{name}.yaml": _life(names) for name, (_, _, names) in model.items() if names}
    return a_pack("life", living, **{name: _entity(own, links) for name, (own, links, _) in model.items()})


def _life(names):
    said = ", ".join(f"{name}: {{initial: {str(name == 'open').lower()}}}" for name in names)
    steps = "".join(f"  to_{name}: {{from: open, to: {name}}}\n" for name in names[1:])
    return f"states: {{{said}}}\ntransitions:\n{steps}"


def _entity(own, links):
    lines = ["title: label", "fields:", "  label: {type: text}"]
    for name, said in own.items():
        type_, old = said if isinstance(said, tuple) else (said, "")
        former = f", renamed_from: {old}" if old else ""
        lines.append(f"  {name}: {{type: {type_}{former}}}")
    if links:
        lines.append("relationships:")
        lines += [f"  {name}: {{{to}}}" for name, to in links.items()]
    return "\n".join(lines) + "\n"


def fill(runtime, model):
    """Two records of each entity with everything filled in."""
    ana, records = admin_actor(runtime), runtime.current().records
    thing = records.execute(ana, [Create("thing", {"label": "Target"})]).results[0].id
    for name, (own, links, life) in model.items():
        values = {"label": "Full", **{n: TYPES[t] for n, t in own.items()}}
        to = {"entity": "thing", "id": str(thing)}
        values |= {n: to for n, said in links.items() if "many" not in said}
        made = records.execute(ana, [Create(name, values)]).results[0].id
        ranks = {said: {"rank": value} for said, value in zip(RANKED, TYPES.values(), strict=True)}
        acts = [Link(name, Target(made), n, to, ranks.get(s, {})) for n, s in links.items() if "many" in s]
        acts += [Transition(name, Target(made), f"to_{state}") for state in life[-1:]]
        if acts:
            records.execute(ana, acts)


def test_there_and_back_every_value_is_as_it_was(make, scale):
    runtime = make()

    def put(model):
        revision = Revision((pack_from(documents(model)),), dev=True)
        try:
            plan = runtime.packs.foresee(revision).plan
        except PlanRefused as refused:
            asked = [problem.where.path for problem in refused.problems if problem.code in ("S123", "S124")]
            decisions = {place: "open" if place.startswith("state:") else "" for place in asked}
            revision = replace(revision, decisions=decisions)
            plan = runtime.packs.foresee(revision).plan
        confirmed = plan.hash if plan.destructive else ""
        runtime.packs.revise(replace(revision, confirmed=confirmed), runtime.installer)
        assert runtime.packs.plan().is_empty

    def back(number):
        plan = plan_back(runtime, number)
        runtime.packs.roll_back(number, runtime.installer, confirmed=plan.hash if plan.destructive else "")
        assert runtime.packs.plan().is_empty

    empty = runtime.packs.versions()[0].number

    def clean():
        """Nothing is left of the example before, so that each stands for itself."""
        back(empty)
        kept = [shadow.number for shadow in runtime.packs.removed()]
        if kept:
            runtime.packs.purge(kept, runtime.installer, confirmed=runtime.packs.plan_purge(kept).hash)

    @given(earlier=st.none() | models(), first=models(), choice=st.data())
    @settings(
        max_examples=scale(2, 200), deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    def go(earlier, first, choice):
        clean()
        if earlier is not None:
            put(earlier)
            fill(runtime, earlier)
            back(empty)
        put(first)
        fill(runtime, first)
        number, before = runtime.packs.versions()[0].number, data(runtime)
        put(choice.draw(changed(first)))
        other = runtime.packs.versions()[0].number
        between = data(runtime)
        back(number)
        assert data(runtime) == before
        back(other)
        assert data(runtime) == between
        back(number)
        assert data(runtime) == before

    go()
