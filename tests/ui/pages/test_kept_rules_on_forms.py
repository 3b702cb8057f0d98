"""What rules that are kept in records say of what a form leads to, before it is saved."""

from __future__ import annotations

from pathlib import Path

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import a_place
from xrm.testing import a_pack

ROLES = """
seller:
  grants:
    orders: {entity: order, can: [create, read]}
    all: {entity: [kind, machine], can: [read]}
reader:
  grants:
    orders: {entity: order, can: [create, read]}
    all: {entity: [kind, machine, rule], can: [read]}
"""
PACK = a_pack(
    "shop",
    {"roles.yaml": ROLES},
    kind="title: name\nfields:\n  name: {type: text, required: true}\n",
    machine="title: name\nfields:\n  name: {type: text, required: true}\n  size: {type: integer}\n",
    rule="""
title: words
fields:
  applies: {type: expression, entity: machine, required: true}
  words: {type: text, required: true}
relationships:
  kind: {to: kind, inverse: rules}
""",
    order="""
title: name
fields:
  name: {type: text}
relationships:
  kind: {to: kind}
  machine: {to: machine}
  chosen: {to: rule, many: true}
  counted: {to: rule, many: true}
rules:
  told: {each: kind.rules, on: machine, holds: applies, then: warn, say: words, field: machine, message: Think of it.}
  counts: {each: kind.rules, holds: applies, on: machine, keep: counted}
""",
)  # fmt: skip


def test_a_form_says_what_rules_say_of_what_was_chosen(tmp_path: Path) -> None:
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, [PACK])
    place = a_place(runtime)
    kind, large = place.make("kind", name="Pump"), place.make("machine", name="Large", size=9)
    small = place.make("machine", name="Small", size=1)
    place.make("rule", applies="size > 5", words="It takes a crane.", kind=kind)
    reader, seller = place.person("Rita", "reader"), place.person("Sam", "seller")

    def said(person: object, **typed: str) -> object:
        return person.ask("/r/order/conditions", **typed).json["said"]  # type: ignore[attr-defined]

    assert said(reader, kind=kind, machine=large) == {"g-machine": ["It takes a crane."]}
    assert said(seller, kind=kind, machine=large) == {"g-machine": ["Think of it."]}
    assert said(reader, kind=kind, machine=small) == {}
    assert said(reader, kind=kind) == {}
    form = reader.open("/r/order/new").html.replace("&#34;", '"')
    assert '"said":true' in form
    # What rules keep is offered to nobody.
    assert [f'name="{name}.0.to"' in form for name in ("chosen", "counted")] == [True, False]
    runtime.close()
