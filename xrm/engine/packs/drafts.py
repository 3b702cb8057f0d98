"""The draft: what the customisation shall be, collected change by change until it is planned and applied.

There is one in an installation, for all administrators. It is kept as whole documents, with the content that they
began from. Every change is checked like an installation before it is kept, so a draft always means something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.identity.work import DEFINE, demand_administrator
from xrm.engine.packs.layers import read_contents, read_present, source_of
from xrm.engine.packs.proposal import in_order
from xrm.engine.packs.revision import NO_ANSWERS, Answers, Revision, Sources
from xrm.engine.packs.service import Installed, PackService
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.forms import NO_DECISIONS, Decisions
from xrm.engine.storage.ledger import DRAFT
from xrm.engine.storage.rows import hold
from xrm.engine.world import World
from xrm.errors import Conflict, MetadataInvalid, NotFound, Problem
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.metadata.defining import Documents, documents_of, placed, replayed
from xrm.metadata.definitions import Definitions
from xrm.metadata.differences import Difference, differences
from xrm.metadata.reading import ReadPack

if TYPE_CHECKING:
    from xrm.metadata.model import Model
    from xrm.metadata.sources import PackSource

_ONLY = 1
NO_DRAFT = "0"


@dataclass(frozen=True, slots=True)
class Draft:
    """The documents as they shall be; `base` is the hash of those that they began from, empty if there were none."""

    version: int
    base: str
    documents: Documents
    begun_at: datetime
    begun_by: UUID | None
    changed_at: datetime
    changed_by: UUID | None

    @property
    def mark(self) -> str:
        """Equal for the same state of the same draft; versions begin anew with each draft."""
        return f"{self.version}-{self.begun_at.timestamp():.6f}"


@dataclass(frozen=True, slots=True)
class Look:
    """Everything as it would be with the draft, or as it is without one.

    `model` is None where the layers below have changed so that the draft no longer fits; `problems` say how. `moved`
    is what the customisation says other than when the draft began.
    """

    draft: Draft | None
    documents: Documents
    layers: tuple[ReadPack, ...]
    model: Model | None
    problems: tuple[Problem, ...]
    changes: tuple[Difference, ...]
    moved: tuple[Difference, ...]

    @property
    def mark(self) -> str:
        """Equal for the same state of the same draft."""
        return _mark_of(self.draft)

    @property
    def ours(self) -> ReadPack | None:
        """The customisation with the draft, if it says anything."""
        return next((layer for layer in self.layers if layer.name == CUSTOMISATION), None)


@dataclass(frozen=True, slots=True)
class _State:
    """What lies in the database at one moment: the row of a draft, the layers, the hash of the customisation."""

    row: Draft | None
    present: Mapping[str, PackSource]
    content: str

    @property
    def live(self) -> Documents:
        return documents_of(self.present.get(CUSTOMISATION))

    @property
    def draft(self) -> Draft | None:
        """The draft; a process that died between applying and clearing away leaves one that changes nothing."""
        return None if self.row is None or self.row.documents == self.live else self.row


class Drafts:
    """The draft of one installation."""

    def __init__(
        self, packs: PackService, definitions: Definitions, database: Database, world: World
    ) -> None:
        self._packs, self._definitions, self._database, self._world = packs, definitions, database, world

    def look(self, actor: Actor) -> Look:
        """The definitions with the draft, and what it changes."""
        demand_administrator(actor, DEFINE)
        state = self._state()
        draft = state.draft
        documents = draft.documents if draft else state.live
        sources = _sources(state, documents)
        model, problems = self._resolved(sources)
        layers = in_order(map(self._definitions.read, sources.values()))
        changes = differences(self._base(state), self._read(documents)) if draft else ()
        moved = self._moved(state) if draft else ()
        return Look(draft, documents, layers, model, problems, changes, moved)

    def change(self, actor: Actor, documents: Documents, mark: str) -> None:
        """The draft says this, and is begun if there was none (NO_DRAFT); saying what holds already ends it.

        Raises MetadataInvalid with every problem that there would be, each with the path of its place; and Conflict
        if that is not the mark of the draft any more.
        """
        demand_administrator(actor, DEFINE)
        state = self._state()
        self._demand_sense(_sources(state, documents))
        if _mark_of(state.draft) != mark or not self._keep(state, documents, actor):
            raise _changed_meanwhile()

    def discard(self, actor: Actor) -> None:
        """There is no draft."""
        demand_administrator(actor, DEFINE)
        with self._database.write() as unit:
            unit.execute(sa.delete(DRAFT))

    def renew(self, actor: Actor) -> None:
        """The draft begins from the customisation as it is now, with its own changes made to that, key by key."""
        demand_administrator(actor, DEFINE)
        state = self._state()
        if state.draft is None or state.draft.base == state.content:
            return
        mine = differences(self._base(state), self._read(state.draft.documents))
        edited = replayed(state.live, mine, state.draft.documents)
        self._demand_sense(_sources(state, edited))
        if not self._keep(state, edited, actor, state.content):
            raise _changed_meanwhile()

    def revision(self, actor: Actor, decisions: Decisions = NO_DECISIONS) -> Revision:
        """The installation with the draft as its customisation, to be planned; raises NotFound if there is none."""
        demand_administrator(actor, DEFINE)
        return _revision(self._draft(), decisions)

    def apply(
        self, actor: Actor, mark: str, decisions: Decisions = NO_DECISIONS, answers: Answers = NO_ANSWERS
    ) -> Installed:
        """The customisation is what the draft says, for every process, and there is no draft any more.

        Raises PlanRefused if that would come to something else than the proposal with that mark.
        """
        demand_administrator(actor, DEFINE)
        draft = self._draft()
        revision = replace(_revision(draft, decisions), answers=answers, confirmed=mark)
        done = self._packs.revise(revision, actor)
        with self._database.write() as unit:
            unit.execute(sa.delete(DRAFT).where(*_is(draft)))
        return done

    # --- reading ------------------------------------------------------------------------------------

    def _state(self) -> _State:
        with self._database.read() as unit:
            layers, present = read_present(unit)
            row = _read_draft(unit)
        content = next((layer.content for layer in layers if layer.name == CUSTOMISATION), "")
        return _State(row, present, content)

    def _draft(self) -> Draft:
        draft = self._state().draft
        if draft is None:
            raise NotFound(Problem("R104", "There is no draft."))
        return draft

    def _resolved(self, sources: Sources) -> tuple[Model | None, tuple[Problem, ...]]:
        try:
            return self._definitions.resolve(list(sources.values())), ()
        except MetadataInvalid as error:
            return None, tuple(error.problems)

    def _read(self, documents: Documents) -> ReadPack:
        return self._definitions.read(from_documents(documents))

    def _base(self, state: _State) -> ReadPack:
        base = state.draft.base if state.draft else ""
        with self._database.read() as unit:
            known = read_contents(unit, [base]).get(base, {})
        return self._definitions.read(source_of(CUSTOMISATION, known))

    def _moved(self, state: _State) -> tuple[Difference, ...]:
        if state.draft is None or state.draft.base == state.content:
            return ()
        return differences(self._base(state), self._read(state.live))

    # --- writing ------------------------------------------------------------------------------------

    def _demand_sense(self, sources: Sources) -> None:
        try:
            self._definitions.resolve(list(sources.values()))
        except MetadataInvalid as error:
            raise MetadataInvalid(placed(error.problems, sources.get(CUSTOMISATION))) from None

    def _keep(self, state: _State, documents: Documents, actor: Actor, base: str | None = None) -> bool:
        """Whether the draft is this now; it is not if somebody changed it since the state was read."""
        now, row, draft = self._world.now(), state.row, state.draft
        values = {
            "version": row.version + 1 if row else 1,
            "base": base if base is not None else draft.base if draft else state.content,
            "documents": dict(documents),
            "begun_at": draft.begun_at if draft else now,
            "begun_by": draft.begun_by if draft else actor.id,
            "changed_at": now,
            "changed_by": actor.id,
        }
        with self._database.write() as unit:
            hold(unit, DRAFT.name)  # there may be no row yet that could be locked
            there = unit.execute(sa.select(DRAFT.c.version, DRAFT.c.begun_at)).first()
            if (tuple(there) if there else None) != ((row.version, row.begun_at) if row else None):
                return False
            unit.execute(sa.delete(DRAFT))
            if documents != state.live:
                unit.execute(sa.insert(DRAFT), {"id": _ONLY, **values})
        return True


def _mark_of(draft: Draft | None) -> str:
    return draft.mark if draft else NO_DRAFT


def _is(draft: Draft) -> tuple[sa.ColumnElement[bool], ...]:
    return DRAFT.c.version == draft.version, DRAFT.c.begun_at == draft.begun_at


def _read_draft(unit: UnitOfWork) -> Draft | None:
    columns = [column for column in DRAFT.c if column.name != "id"]
    row = unit.execute(sa.select(*columns).where(DRAFT.c.id == _ONLY)).mappings().first()
    return Draft(**row) if row else None


def _sources(state: _State, documents: Documents) -> dict[str, PackSource]:
    """All layers, with these documents as the customisation."""
    below = {name: source for name, source in state.present.items() if name != CUSTOMISATION}
    return {**below, CUSTOMISATION: from_documents(documents)} if documents else below


def _revision(draft: Draft, decisions: Decisions) -> Revision:
    """The customisation becomes the draft, if it is still what the draft began from."""

    def edit(definitions: Definitions, present: Sources) -> PackSource:
        live = present.get(CUSTOMISATION)
        if (definitions.read(live).content if live else "") != draft.base:
            message = "The customisation has changed since the draft was begun."
            hint = "Look at what has moved and bring the draft up to date."
            raise Conflict(Problem("P161", message, hint))
        return from_documents(draft.documents)

    return Revision(edit=edit, decisions=decisions)


def _changed_meanwhile() -> Conflict:
    hint = "Look at the draft as it is now, then save again."
    return Conflict(Problem("P160", "Somebody else has changed the draft meanwhile.", hint))
