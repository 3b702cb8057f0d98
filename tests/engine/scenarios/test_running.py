"""Scenarios come out as they say, or are told with file and line, what was expected and what was there."""

from __future__ import annotations

import pytest

from tests.support.office import ACCOUNT, ENTRY, LIFECYCLE, LINE, PERSON
from xrm.errors import MetadataInvalid
from xrm.testing import a_pack, run_scenarios

DEAL = """
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true}
  amount: {type: money}
  closes: {type: date}
  lost_because: {type: text}
  paper: {type: file}
relationships:
  account: {to: account, inverse: deals}
  partners: {to: account, many: true, inverse: partner_in}
  lines: {from: line, owned: true}
rules:
  positive: {must: amount > 0, when: amount != empty, field: amount, message: The amount must be positive.}
"""
ROLES = """
rep:
  grants:
    deals: {entity: deal, can: [create, read, update, transition], rows: own}
    accounts: {entity: account, can: [read]}
boss:
  grants:
    deals: {entity: deal, can: [read, update, transition, delete]}
"""


def office(**scenarios: str) -> dict[str, str]:
    """The office with these scenarios."""
    files = {f"scenarios/{name}.yaml": f"scenario: A test\n{text}" for name, text in scenarios.items()}
    files |= {"lifecycles/deal.yaml": LIFECYCLE, "roles.yaml": ROLES}
    entities = {"account": ACCOUNT, "person": PERSON, "deal": DEAL, "line": LINE, "entry": ENTRY}
    return a_pack("office", files, **entities)


def told(text: str) -> list[tuple[str, int, str]]:
    """Code, line and words of everything that comes out otherwise than this scenario says."""
    [played] = run_scenarios(office(one=text))
    assert all(p.where.file == "office/scenarios/one.yaml" for p in played.problems)
    return [(p.code, p.where.line, p.message) for p in played.problems]


WHOLE = """at: 2026-05-15T16:00Z
people:
  rui: [rep]
  bea: boss
given:
  - {create: account, name: acme, values: {name: Acme}}
  - create: deal
    name: roof
    as: rui
    values:
      name: Roof
      account: {ref: acme}
      closes: today() + 3 days
      paper: {file: plan.txt}
      lines: [{name: One}]
  - {link: roof, along: partners, to: acme}
when:
  - {transition: win, of: roof, as: rui, refused: R149}
  - {update: roof, as: rui, values: {amount: {amount: "-1.00", currency: EUR}}, refused: R151}
  - {update: roof, as: rui, values: {amount: {amount: "10.00", currency: EUR}}}
  - {transition: win, of: roof, as: rui}
  - {advance: 3 days}
then:
  - {expect: 'roof.state == "won" and roof.account.name == "Acme" and count(roof.lines) == 1'}
  - {expect: 'roof.closes == today() and roof.state_since < now() - 71h'}
  - {expect: 'roof.owner == me', as: rui}
  - {read: roof, as: bea}
  - {create: deal, as: bea, values: {name: Mine}, refused: A102}
  - {count: deal, where: 'state == "won"', is: 1}
  - {transition: reopen, of: roof, as: bea, reason: Again}
  - {delete: roof}
  - {count: deal, is: 0}
  - {restore: roof}
  - {count: deal, as: bea, is: 1}
"""


def test_a_scenario_with_everything_in_it_holds() -> None:
    assert told(WHOLE) == []


MADE = """people: {rui: rep, bea: boss}
given:
  - {create: deal, name: roof, as: rui, values: {name: Roof}}
"""


@pytest.mark.parametrize(
    ("step", "code", "says"),
    [
        ("{expect: 'roof.state == \"won\"'}", "T104", "there is state = 'open'"),
        ("{expect: 'roof.name == \"Door\"', as: bea}", "T104", "name = 'Roof'"),
        ("{count: deal, where: 'name == \"Door\"', is: 1}", "T105", "should be 1 deal, and there are 0"),
        ("{read: roof, as: rui, refused: R104}", "T102", "read roof by rui was done"),
        ("{transition: win, of: roof, as: rui, refused: A103}", "T103", "it was with R149"),
        ("{transition: win, of: roof, as: rui}", "T101", "transition win of roof by rui was refused: R149"),
        ("{create: deal, as: bea, values: {name: X}}", "T101", "A102"),
    ],
)  # fmt: skip
def test_what_comes_out_otherwise_is_told_with_its_line(step: str, code: str, says: str) -> None:
    [(found, line, message)] = told(f"{MADE}then:\n  - {{count: account, is: 0}}\n  - {step}\n")
    assert (found, line) == (code, 7)
    assert says in message


def test_after_an_act_that_failed_nothing_more_is_tried_and_after_a_look_it_is() -> None:
    act = "{transition: win, of: roof, as: rui}"
    assert [code for code, *_ in told(f"{MADE}then:\n  - {act}\n  - {{count: deal, is: 5}}\n")] == ["T101"]
    assert [code for code, *_ in told(f"{MADE}then:\n  - {{count: deal, is: 5}}\n  - {act}\n")] == [
        "T105",
        "T101",
    ]


def test_each_scenario_begins_with_nothing_and_at_its_own_instant() -> None:
    text = "given: [{create: account, values: {name: Acme}}]\nthen: [{count: account, is: 1}]\n"
    late = (
        "at: 2020-01-01T00:00Z\ngiven: [{create: deal, name: roof, values: {name: Roof, closes: today()}}]\n"
    )
    late += "then: [{expect: 'roof.closes == date_of(now()) and year(roof.closes) == 2020'}, {count: account, is: 0}]\n"
    played = run_scenarios(office(one=text, two=text, three=late))
    assert [p.scenario.name for p in played] == ["one", "three", "two"]
    assert [p.problems for p in played] == [(), (), ()]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("then: [{count: deel, is: 0}]", "M210", "deal"),
        ("given: [{create: deal, values: {nam: X}}]\nthen: [{count: deal, is: 1}]", "M211", "name"),
        ("given: [{create: deal, name: d, values: {name: X}}]\nthen: [{transition: won, of: d}]", "M213", "win"),
        ("given: [{create: deal, name: d, values: {name: X}}]\nthen: [{expect: d.clocks == 1}]", "M201", "clocks"),
        ("then: [{expect: count(mails) == 1}]", "M271", "record"),
        ("then: [{send: mail}]", "M110", "send"),
        ("then: [{read: it}]", "M271", "it"),
        ("then: [{count: deal, is: 0, as: ana}]", "M271", "ana"),
        ("people: {ana: bos}\nthen: [{count: deal, is: 0}]", "M214", "boss"),
        ("then: [{count: deal, is: 0, read: x}]", "M270", "read and count"),
        ("then: [{count: deal}]", "M270", "is"),
        ("then: [{count: deal, is: 0, reason: No}]", "M270", "reason"),
        ("when: [{advance: soon}]\nthen: [{count: deal, is: 0}]", "M270", "3 days"),
        ("at: soon\nthen: [{count: deal, is: 0}]", "M270", "2026"),
        ("given: [{create: deal, values: {account: {ref: x}}}]\nthen: [{count: deal, is: 1}]", "M216", "scenario"),
        ("then: [{count: deal, is: 0, where: 'nam == 1'}]", "M201", "name"),
        ("then: [{read: x, refused: no}]", "M114", "A102"),
        ("given: [{delete: x, refused: A102}]\nthen: [{count: deal, is: 0}]", "M110", "refused"),
    ],
)  # fmt: skip
def test_what_a_scenario_names_and_is_not_there_is_refused_with_its_place(
    text: str, code: str, says: str
) -> None:
    with pytest.raises(MetadataInvalid) as refused:
        run_scenarios(office(one=text))
    problem = next(p for p in refused.value.problems if p.code == code)
    assert says in f"{problem.message} {problem.hint}"
    assert problem.where.file == "office/scenarios/one.yaml"
    assert problem.where.line > 1
