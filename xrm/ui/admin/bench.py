"""What the pages of definitions work on: the model as it would be with the draft, and the draft itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xrm.engine.packs.drafts import Look
from xrm.errors import Conflict, Invalid, MetadataInvalid, NotFound, Place, Problem
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.differences import Difference
from xrm.metadata.drafting import Desk
from xrm.metadata.model import Entity, Field, Label, Model, Relationship, Shape
from xrm.metadata.parse import DEFAULT_LANGUAGE
from xrm.metadata.positions import Path
from xrm.metadata.reconciling import value_at
from xrm.metadata.words import ABSENT
from xrm.ui.admin.parts import Piece
from xrm.ui.admin.shifts import pieces_in
from xrm.ui.fields.view import Field as Input
from xrm.ui.fields.view import Option
from xrm.ui.i18n import LANGUAGES
from xrm.ui.models import Action
from xrm.ui.pages.menu import DEFINITIONS
from xrm.ui.pages.visit import Visit

REVIEW = f"{DEFINITIONS}/review"
VERSION = "_version"
Member = Field | Relationship


@dataclass(frozen=True, slots=True)
class Bench:
    """One administrator in front of the definitions."""

    visit: Visit
    look: Look

    @property
    def model(self) -> Model:
        """The definitions with the draft; those in force where the draft does not fit."""
        return self.look.model or self.visit.model

    @property
    def desk(self) -> Desk:
        """The documents of the draft."""
        known = self.model.entities
        former = {old: e.name for e in known.values() for old in e.renamed_from if old not in known}
        return Desk(self.look.documents, self.look.ours, former)

    @property
    def language(self) -> str:
        """The language in which this person names things."""
        return self.visit.ui.language if self.visit.ui.language in LANGUAGES else DEFAULT_LANGUAGE

    @property
    def others(self) -> tuple[str, ...]:
        """The other languages."""
        return tuple(code for code in LANGUAGES if code != self.language)

    def entity(self, name: str) -> Entity:
        """The entity; raises NotFound for one that is not there or is the engine's own."""
        found = self.model.entities.get(name)
        if found is None or found.is_engine:
            raise NotFound(Problem("R104", "There is no such entity."))
        return found

    def field(self, entity: Entity, name: str) -> Field:
        """The field of the entity."""
        found = entity.fields.get(name)
        if found is None:
            raise NotFound(Problem("R104", "There is no such field."))
        return found

    def relationship(self, entity: Entity, name: str) -> Relationship:
        """The relationship, seen from the entity that holds it."""
        found = entity.relationships.get(name)
        if found is None or found.shape is Shape.INVERSE:
            raise NotFound(Problem("R104", "There is no such relationship."))
        return found

    def pack(self, name: str) -> str:
        """What a pack is called; the customisation is ours."""
        known = self.model.packs.get(name)
        if name == CUSTOMISATION:
            return self.visit.ui.t("Made here")
        return self.visit.text(known.label, name) if known else name

    def said(self, *path: str) -> bool:
        """Whether the customisation says something there, the entity's name first."""
        return bool(self.desk.said(path[0], path[1:]) != ABSENT)

    def drafted(self, entity: str, path: Path = ()) -> Option | None:
        """What the draft does to the entity, or to a member of it: a tag that says new or changed; None if nothing."""
        t, live = self.visit.ui.t, self.visit.model.entities.get(entity)
        if live is None or (path and not self._was(live, entity, str(path[-1]))):
            return Option("new", t("New"), "green")
        if any(self._is_about(change, entity, path) for change in self.look.changes):
            return Option("changed", t("Changed"), "amber")
        return None

    def _was(self, live: Entity, entity: str, name: str) -> bool:
        """Whether the entity has the member by now, under this name or an earlier one."""
        there = self.model.entities.get(entity, live)
        member = there.fields.get(name) or there.relationships.get(name)
        former = member.renamed_from if member else ()
        return any(n in live.fields or n in live.relationships for n in (name, *former))

    def _is_about(self, change: Difference, entity: str, path: Path) -> bool:
        if change.kind not in ("entity", "extend", "form") or change.name != entity:
            return False
        if change.path or not path:
            return change.path[: len(path)] == path
        body = change.after if change.after != ABSENT else change.before
        return bool(value_at(body, path) != ABSENT)

    @property
    def count(self) -> int:
        """How many pieces the draft changes."""
        return len(self.pieces(self.look.changes))

    def pieces(self, found: Iterable[Difference]) -> tuple[Piece, ...]:
        """The changes in pieces that people decide about, each with what was and what is."""
        return pieces_in(self.visit, self.model, found)

    def actions(self, *first: Action) -> tuple[Action, ...]:
        """What can be done on every page: the draft is one step away."""
        if self.look.draft is None:
            return first
        label = self.visit.ui.t("Review {count} changes", count=self.count)
        plain = tuple(Action(a.label, a.href, a.icon, post=a.post, values=a.values) for a in first)
        return (*plain, Action(label, REVIEW, "list-checks", primary=True))

    def keep(self, desk: Desk, prefix: str = "", renamed: Mapping[str, str] | None = None) -> None:
        """The draft says what the desk says; raises Invalid with every problem, by the names of the controls."""
        mark = self.visit.form.get(VERSION, self.look.mark)
        try:
            self.visit.runtime.drafts.change(self.visit.actor, desk.documents, mark)
        except MetadataInvalid as error:
            told = (_of_control(p, prefix, renamed or {}) for p in error.problems)
            raise Invalid([_within(self.visit, p) for p in told]) from None


def bench_of(visit: Visit) -> Bench:
    """The bench of this request."""
    return Bench(visit, visit.runtime.drafts.look(visit.actor))


def hidden(bench: Bench) -> tuple[tuple[str, str], ...]:
    """What a form carries so that nobody overwrites what somebody else has drafted meanwhile."""
    return ((VERSION, bench.look.mark),)


def _of_control(problem: Problem, prefix: str, renamed: Mapping[str, str]) -> Problem:
    """The problem at the control that its path is about, if it is about this form."""
    path = problem.where.path
    if prefix and (path == prefix or path.startswith(f"{prefix}.")):
        key = path[len(prefix) + 1 :]
        control = renamed.get(key) or renamed.get(key.split(".")[0]) or key.split(".")[0] or "name"
        return problem.at(Place(path=control, within=problem.where.within))
    return problem.at(Place())


def _within(visit: Visit, problem: Problem) -> Problem:
    """The problem with the place in the text of its control, where it is about one."""
    text = visit.form.get(problem.where.path, "").replace("\r\n", "\n")
    if not problem.where.within or not text:
        return problem
    before = text[: len(text) - len(text.lstrip()) + problem.where.within - 1]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    t = visit.ui.t
    place = t("Column {column}", column=column)
    if "\n" in text.strip():
        place = t("Line {line}, column {column}", line=line, column=column)
    return replace(problem, message=f"{place}: {problem.message}")


# --- texts in several languages ---------------------------------------------------------------------


def words_in(
    bench: Bench, name: str, label: str, known: Label, *, required: bool = False, text: str = ""
) -> Input:
    """The input of a text in this person's own language."""
    value = known.get(bench.language) or (bench.visit.text(known) if known else None)
    return Input(name, label, "line", value, required=required, help=text, max_length=200)


def words_elsewhere(bench: Bench, named: Iterable[tuple[str, str, Label]]) -> Iterator[Input]:
    """The inputs of texts in the other languages: (name, label, what is known)."""
    texts = tuple(named)
    for code in bench.others:
        for name, label, known in texts:
            yield Input(
                f"{name}_{code}", f"{label} ({LANGUAGES[code]})", "line", known.get(code), max_length=200
            )


def words_of_post(bench: Bench, values: Mapping[str, Any], name: str, known: Label) -> dict[str, str | None]:
    """The texts by language that are other than what the form showed."""
    shown = {bench.language: known.get(bench.language) or bench.visit.text(known) or None}
    shown |= {code: known.get(code) for code in bench.others}
    posted = {bench.language: values.get(name)}
    posted |= {code: values.get(f"{name}_{code}") for code in bench.others}
    return {code: text for code, text in posted.items() if text != shown[code]}


def name_of(bench: Bench, known: Entity | Field | Relationship, longest: int) -> Input:
    """The input of the name of something that is there: what was made here can be called otherwise."""
    return other_name(bench, "name", bench.visit.ui.t("Name"), known.name, known.pack, longest)


def other_name(bench: Bench, control: str, label: str, name: str, pack: str, longest: int) -> Input:
    """The same of anything with a name that a pack or the organisation has given."""
    t = bench.visit.ui.t
    if pack == CUSTOMISATION:
        text = t("Formulas, views, imports and programs that say the present name go on to work.")
        return Input(control, label, "line", name, required=True, max_length=longest, help=text)
    why = t("{pack} has named it so. What people read is yours to change.", pack=bench.pack(pack))
    return Input(control, label, "line", name, readonly=True, reason=why)


def chosen_name(bench: Bench, values: Mapping[str, Any], now: str, taken: Iterable[str]) -> str:
    """The name that was typed, or the one of now; raises Invalid for one that something else has."""
    name = str(values.get("name") or now)
    if name != now and name in set(taken):
        message = bench.visit.ui.t("Something else is called {name}.", name=name)
        raise Invalid(Problem("P163", message, bench.visit.ui.t("Choose another name."), Place(path="name")))
    return name


def no_name(bench: Bench) -> Invalid:
    """The refusal of a label of which no name can be made."""
    message = bench.visit.ui.t("No name can be made of this label.")
    hint = bench.visit.ui.t("Write a name in lower case, such as site_visit.")
    return Invalid(Problem("P163", message, hint, Place(path="name")))


def refused(message: str, hint: str = "") -> Conflict:
    """Something that pages of definitions do not do, and why."""
    return Conflict(Problem("P162", message, hint))
