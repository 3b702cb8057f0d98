"""Decisions about values that do not fit a draft: a small form on its review, which shows the plan with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xrm.errors import Problem
from xrm.metadata.model import Field
from xrm.ui.admin.bench import REVIEW, Bench
from xrm.ui.administration import Becoming, Card, Deciding
from xrm.ui.fields.view import Option
from xrm.ui.pages.visit import Visit

KINDS = ("unfit", "option", "empty")
CLEAR = "clear"  # places whose values become empty
LONGEST = 1000


def is_place(name: str) -> bool:
    """Whether the name is that of a decision."""
    return name.partition(":")[0] in KINDS and ":" in name


def is_open(problem: Problem) -> bool:
    """Whether the problem asks for a decision; one about a decision that cannot be followed does not."""
    return is_place(problem.where.path) and problem.code != "S125"


def asked(visit: Visit) -> dict[str, str]:
    """The decisions in the address."""
    cleared = {place for place in visit.args.get(CLEAR, ()) if is_place(place)}
    given = {name: visit.arg(name).strip()[:LONGEST] for name in visit.args if is_place(name)}
    return {**{name: text for name, text in given.items() if text}, **dict.fromkeys(cleared, "")}


def sent(visit: Visit) -> dict[str, str]:
    """The decisions that come with the button that applies the draft."""
    return {name: visit.form[name] for name in visit.form if is_place(name)}


def deciding_card(bench: Bench, decisions: Mapping[str, str], problems: Sequence[Problem]) -> Card | None:
    """What has to be decided, and what was; None if nothing has to be."""
    open_ = {problem.where.path: problem for problem in problems if is_open(problem)}
    places = [*open_, *(place for place in decisions if place not in open_)]
    if not places:
        return None
    t = bench.visit.ui.t
    rows = tuple(_decision(bench, place, decisions, open_.get(place)) for place in places)
    note = t(
        "Some records hold values that the draft leaves no room for. Correct them, or say what they become."
    )
    deciding = Deciding(REVIEW, rows, t("Look at the plan with these decisions"))
    return Card(t("Decisions"), "split", note=note, deciding=deciding, id="decisions")


def _decision(bench: Bench, place: str, decisions: Mapping[str, str], problem: Problem | None) -> Becoming:
    t = bench.visit.ui.t
    kind, _, path = place.partition(":")
    entity, name, option = (*path.split(".", 2), "", "")[:3]
    field = _field(bench, entity, name)
    what = f"{_entity(bench, entity)} › {bench.visit.text(field.label, name) if field else name}"
    labels = {
        "unfit": t("{field}: values that do not fit become", field=what),
        "option": t("{field}: records with the option {option} get", field=what, option=option),
        "empty": t("{field}: records without a value get", field=what),
    }
    return Becoming(
        name=place,
        label=labels[kind],
        help=problem.message if problem else "",
        text=decisions.get(place, ""),
        options=tuple(_options(bench, field)) if field else (),
        can_clear=kind != "empty",
        is_cleared=decisions.get(place) == "",
    )


def _entity(bench: Bench, name: str) -> str:
    found = bench.model.entities.get(name)
    return bench.visit.label(found) if found else name


def _field(bench: Bench, entity: str, name: str) -> Field | None:
    found = bench.model.entities.get(entity)
    return found.fields.get(name) if found else None


def _options(bench: Bench, field: Field) -> Iterator[Option]:
    """What can be chosen, where the field has options."""
    for option in field.options:
        yield Option(option.key, bench.visit.text(option.label, option.key))
