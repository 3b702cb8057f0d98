"""Decisions about values that do not fit: a small form on the page of a plan, which shows the plan with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xrm.errors import Problem
from xrm.metadata.model import Entity, Field, Model
from xrm.ui.admin.steps import without_ids
from xrm.ui.admin.words import address
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
    """The decisions that come with the button of a plan."""
    return {name: visit.form[name] for name in visit.form if is_place(name)}


def deciding_card(
    visit: Visit,
    model: Model,
    action: str,
    decisions: Mapping[str, str],
    problems: Sequence[Problem],
    carried: Sequence[tuple[str, str]] = (),
) -> Iterator[Card]:
    """What has to be decided and what was, in the words of the model as it would be; no card if nothing has to be."""
    open_ = {problem.where.path: problem for problem in problems if is_open(problem)}
    places = [*open_, *(place for place in decisions if place not in open_)]
    if not places:
        return
    t = visit.ui.t
    rows = tuple(_becoming(visit, model, place, decisions, open_.get(place)) for place in places)
    deciding = Deciding(
        action, rows, t("Look at the plan with these decisions"), tuple(carried), is_open=bool(open_)
    )
    yield Card(t("Decisions"), "split", deciding=deciding, id="decisions")


def _becoming(
    visit: Visit, model: Model, place: str, decisions: Mapping[str, str], problem: Problem | None
) -> Becoming:
    t = visit.ui.t
    kind, _, path = place.partition(":")
    entity, name, option = (*path.split(".", 2), "", "")[:3]
    known = model.entities.get(entity)
    field = known.fields.get(name) if known else None
    of = visit.label(known) if known else entity
    what = f"{of} › {visit.text(field.label, name) if field else name}"
    then = visit.model.entities.get(_before(visit, known, entity))
    was = then.fields.get(_before_in(then, field, name)) if then else None
    called = (
        next((visit.text(o.label, option) for o in was.options if o.key == option), option) if was else option
    )
    labels = {
        "unfit": t("{field}: values that do not fit become", field=what),
        "option": t("{field}: records with the option {option} get", field=what, option=called),
        "empty": t("{field}: records without a value get", field=what),
    }
    return Becoming(
        name=place,
        label=labels[kind],
        help=without_ids(problem.message) if problem else "",
        records=_held(then, was, kind, option) if problem else "",
        text=decisions.get(place, ""),
        options=tuple(_options(visit, field)) if field else (),
        can_clear=kind != "empty",
        is_cleared=decisions.get(place) == "",
    )


def _before(visit: Visit, known: Entity | None, name: str) -> str:
    """What the entity is called by now."""
    former = known.renamed_from if known else ()
    return next((n for n in (name, *former) if n in visit.model.entities), name)


def _before_in(then: Entity, field: Field | None, name: str) -> str:
    """What the field is called there."""
    former = field.renamed_from if field else ()
    return next((n for n in (name, *former) if n in then.fields), name)


def _held(then: Entity | None, was: Field | None, kind: str, option: str) -> str:
    """The list of the records that it is about, where a condition says which those are."""
    if then is None or was is None or kind == "unfit":
        return ""
    is_several = was.type.name == "multi_choice"
    holds = f'{was.name} contains "{option}"' if is_several else f'{was.name} == "{option}"'
    return address(f"/r/{then.name}", filter=f"{was.name} == empty" if kind == "empty" else holds)


def _options(visit: Visit, field: Field) -> Iterator[Option]:
    """What can be chosen, where the field has options."""
    for option in field.options:
        yield Option(option.key, visit.text(option.label, option.key))
