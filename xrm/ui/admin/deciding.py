"""Decisions about values that do not fit: a small form on the page of a plan, which shows the plan with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xrm.errors import Problem
from xrm.metadata.model import Entity, Field, Model
from xrm.ui.admin.steps import without_ids
from xrm.ui.admin.words import address
from xrm.ui.administration import Becoming, Card, Deciding
from xrm.ui.fields.view import Option
from xrm.ui.pages.visit import Visit

KINDS = ("unfit", "option", "empty", "state")
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


@dataclass(frozen=True, slots=True)
class _About:
    """What a decision is about, in words, with the options that can be chosen; `option` is the one that goes."""

    what: str
    option: str = ""
    options: tuple[Option, ...] = ()


def _becoming(
    visit: Visit, model: Model, place: str, decisions: Mapping[str, str], problem: Problem | None
) -> Becoming:
    t = visit.ui.t
    kind, _, path = place.partition(":")
    about = _state(visit, model, path) if kind == "state" else _field(visit, model, path)
    labels = {
        "unfit": t("{field}: values that do not fit become", field=about.what),
        "option": t("{field}: records with the option {option} get", field=about.what, option=about.option),
        "empty": t("{field}: records without a value get", field=about.what),
        "state": t("{entity}: records in the state {state} go to", entity=about.what, state=about.option),
    }
    return Becoming(
        name=place,
        label=labels[kind],
        help=without_ids(problem.message) if problem else "",
        records=_held(visit, model, kind, path) if problem else "",
        text=decisions.get(place, ""),
        options=about.options,
        can_clear=kind not in ("empty", "state"),
        is_cleared=decisions.get(place) == "",
    )


def _held(visit: Visit, model: Model, kind: str, path: str) -> str:
    """The list of the records that it is about, where a condition says which those are."""
    entity, name, option = (*path.split(".", 2), "", "")[:3]
    then = _then(visit, model, entity)
    if then is None or kind == "unfit":
        return ""
    if kind == "state":
        return address(f"/r/{then.name}", filter=f'state == "{name}"')
    was = _was(then, model, entity, name)
    if was is None:
        return ""
    says = "contains" if was.type.name == "multi_choice" else "=="
    holds = f"{was.name} == empty" if kind == "empty" else f'{was.name} {says} "{option}"'
    return address(f"/r/{then.name}", filter=holds)


def _then(visit: Visit, model: Model, name: str) -> Entity | None:
    """The entity as it is by now, perhaps under an earlier name."""
    known = model.entities.get(name)
    former = known.renamed_from if known else ()
    return next((visit.model.entities[n] for n in (name, *former) if n in visit.model.entities), None)


def _was(then: Entity, model: Model, entity: str, name: str) -> Field | None:
    """Its field as it is by now, perhaps under an earlier name."""
    known = model.entities.get(entity)
    field = known.fields.get(name) if known else None
    former = field.renamed_from if field else ()
    return next((then.fields[n] for n in (name, *former) if n in then.fields), None)


def _state(visit: Visit, model: Model, path: str) -> _About:
    entity, _, state = path.partition(".")
    known = model.entities.get(entity)
    lifecycle = known.lifecycle if known else None
    states = lifecycle.states.values() if lifecycle else ()
    options = tuple(Option(one.name, visit.text(one.label, one.name)) for one in states)
    return _About(visit.label(known) if known else entity, state, options)


def _field(visit: Visit, model: Model, path: str) -> _About:
    """A field, a relationship, or an attribute of its links."""
    entity, _, rest = path.partition(".")
    name, _, option = rest.partition(".")
    known = model.entities.get(entity)
    of = visit.label(known) if known else entity
    field = known.fields.get(name) if known else None
    link = known.relationships.get(name) if known else None
    what = f"{of} › {visit.text(each.label, name) if (each := field or link) else name}"
    attribute, _, last = option.partition(".")
    if link is not None and attribute in link.attributes:
        field, option = link.attributes[attribute], last
        what = f"{what} › {visit.text(field.label, attribute)}"
    then = _then(visit, model, entity)
    was = _was(then, model, entity, name) if then else None
    called = {o.key: visit.text(o.label, o.key) for o in was.options} if was else {}
    return _About(what, called.get(option, option), tuple(_options(visit, field)) if field else ())


def _options(visit: Visit, field: Field) -> Iterator[Option]:
    """What can be chosen, where the field has options."""
    for option in field.options:
        yield Option(option.key, visit.text(option.label, option.key))
