"""Several records become one, in one act: what belongs to the others belongs to the one that is kept.

The order is that in which the act can be taken back: links go over, then whatever points at the others, then these go
to the trash, and last the kept record gets their values. The log tells each of these as any change, so undo reverses
them; what has no log goes back when the records come back (`storage/merges`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Merge
from xrm.engine.records import permits, removal
from xrm.engine.records.batch import Setting, Tally
from xrm.engine.records.checking import check_after
from xrm.engine.records.draft import Draft
from xrm.engine.records.filling import filled
from xrm.engine.records.incoming import incoming, live_children
from xrm.engine.records.linking import link_values, log_link, overlaps, shown_link
from xrm.engine.records.persisting import TAKEN, persist
from xrm.engine.records.recomputing import recompute
from xrm.engine.records.targets import giving
from xrm.engine.records.writer import Writer
from xrm.engine.storage.entity_tables import LinkTable
from xrm.engine.storage.merges import answering, note_merges
from xrm.errors import About, Conflict, Forbidden, Invalid, Problem
from xrm.metadata.model import HOLDERS, Relationship, Shape, text_of
from xrm.metadata.values import Ref

MERGED = "merge"  # the reason that the log keeps of what went over
MOST_MERGED = 5
Write = Callable[[Setting, Tally, Sequence[Draft], str], list[Draft]]


def refuse_unfit(command: Merge, kept: UUID, path: str) -> None:
    """The command names two to five different records; raises Invalid."""
    others = command.others
    if not others or len(others) >= MOST_MERGED or len({kept, *others}) <= len(others):
        message = f"A merge makes one of two to {MOST_MERGED} different records."
        raise Invalid(Problem("R192", message, "Name the others by their ids.").under(path))


def refuse_merged(setting: Setting, draft: Draft) -> None:
    """The record was not merged into another one; raises Conflict that names the one that answers for it."""
    kept = answering(setting.unit, [draft.id]).get(draft.id)
    if kept is None:
        return
    message, hint = "This record was merged into another one.", "Change that one."
    problem = Problem("R194", message, hint, draft.where(""))
    if kept in permits.passing(setting, draft.writer, "read", [kept]):
        title = str(draft.writer.load(setting.unit, [kept])[kept]["title"])
        problem = problem.about([About(draft.writer.name, str(kept), title)])
    raise Conflict(problem)


def merge(
    setting: Setting, tally: Tally, kept: Draft, others: Sequence[Draft], command: Merge, write: Write
) -> Draft:
    """The kept record as it is with all that the others had; these are in the trash and answer by it."""
    work = _Merging(setting, tally, kept, {draft.id: draft for draft in others})
    work.hand_links()
    moved = work.hand_children()
    values = filled(setting, kept, others, command)
    removal.remove(setting, tally, others, {draft.id for draft in moved}, MERGED)
    ids = [draft.id for draft in others]
    note_merges(setting.unit, kept.writer.number, ids, kept.id, setting.now, setting.actor.id)
    [now] = values.write(tally, kept.writer.load(setting.unit, [kept.id], lock=True)[kept.id], write)
    moved = recompute(setting, tally, moved)
    for _, group in permits.by_writer(moved):
        check_after(setting, group)
    return now


class _Merging:
    """One merge under way."""

    def __init__(self, setting: Setting, tally: Tally, kept: Draft, others: Mapping[UUID, Draft]) -> None:
        self.setting, self.tally, self.kept, self.others = setting, tally, kept, others
        self.writer = kept.writer
        self.all = {kept.id, *others}

    def _now(self, ref: Ref) -> Ref:
        """The record itself, or the kept one where it is one of the others."""
        is_other = ref.entity == self.writer.name and ref.id in self.others
        return Ref(ref.entity, self.kept.id) if is_other else ref

    # --- what points at them ------------------------------------------------------------------------

    def hand_children(self) -> list[Draft]:
        """Whatever pointed at the others and goes over points at the kept record, and is stored so."""
        moving = self._moving()
        if sum(map(len, moving.values())) > self.setting.limits.cascade_records:
            raise removal.too_many(self.setting)
        drafts: list[Draft] = []
        for name, names_of in moving.items():
            writer = self.setting.writers[name]
            stored = writer.load(self.setting.unit, list(names_of), lock=True)
            found = [self._moved(writer, record, old, names_of[record]) for record, old in stored.items()]
            drafts += [draft for draft in found if draft.new != draft.old]
        self._require([draft for draft in drafts if draft.id != self.kept.id])
        try:
            moved = persist(self.setting, self.tally, drafts)
        except Conflict as refused:
            raise self._clash(refused) from refused
        changeable = [d for d in moved if d.id != self.kept.id and not d.writer.entity.append_only]
        permits.require_result(self.setting, changeable, "update")
        return moved

    def _moving(self) -> dict[str, dict[UUID, list[str]]]:
        """By entity, the records whose lookups lead to the others, each with the names of these lookups."""
        found: dict[str, dict[UUID, list[str]]] = {}
        for source in incoming(self.setting, self.writer.name):
            ids = live_children(self.setting, source, self.writer.name, list(self.others))
            for record in ids:
                if record not in self.others:
                    found.setdefault(source.writer.name, {}).setdefault(record, []).append(source.lookup.name)
        return found

    def _moved(self, writer: Writer, record: UUID, old: Mapping[str, Any], names: Sequence[str]) -> Draft:
        new = dict(old)
        for name in names:
            relationship, ref = writer.entity.relationships[name], old[name]
            if record == self.kept.id:
                new[name] = self._beyond(name, ref)
            elif self._follows(writer, relationship, old, self.others[ref.id]):
                new[name] = self._now(ref)
        return Draft(writer, "update", record, self.kept.path, old=old, new=new, reason=MERGED)

    def _beyond(self, name: str, ref: Ref) -> Ref | None:
        """Where the kept record led by one of the others: where that one leads, as far as the actor may read it."""
        told = giving(self.setting, self.writer, [name], list(self.others))
        seen: set[UUID] = set()
        found: Any = ref
        while isinstance(found, Ref) and found.id in self.others and found.id not in seen:
            seen.add(found.id)
            found = (self.others[found.id].old or {}).get(name) if found.id in told else None
        return found if isinstance(found, Ref) and found.id not in self.all else None

    def _follows(
        self, writer: Writer, relationship: Relationship, child: Mapping[str, Any], other: Draft
    ) -> bool:
        match relationship.cascade.get("merge", "all"):
            case "none":
                return False
            case "active":
                lifecycle = writer.entity.lifecycle
                return lifecycle is None or not lifecycle.states[child["state"]].final
            case "owned":
                held = writer.entity.is_owned and self.writer.entity.is_owned
                return not held or all(child[n] == (other.old or {})[n] for n in HOLDERS)
            case _:
                return True

    def _require(self, drafts: Sequence[Draft]) -> None:
        """The actor may change what goes over; what is only ever added, and its parts, they may read."""
        for writer, group in permits.by_writer(drafts):
            ids = [draft.id for draft in group]
            operation = "read" if writer.entity.append_only else "update"
            allowed = permits.passing(self.setting, writer, operation, ids)
            names = {name for draft in group for name in draft.changed} if operation == "update" else set()
            for name in names:
                rule = permits.rights(self.setting, writer).cell(operation, name)
                touched = [draft.id for draft in group if name in draft.changed]
                reached = permits.passing_rule(self.setting, writer, rule, touched)
                allowed -= set(touched) - reached
            if len(allowed) < len(ids):
                raise self._not_yours(writer, [i for i in ids if i not in allowed])

    def _not_yours(self, writer: Writer, ids: Sequence[UUID]) -> Forbidden:
        seen = permits.passing(self.setting, writer, "read", ids)
        called = text_of(writer.entity.plural, self.setting.actor.language, writer.name)
        message = "Records belong to it that are not yours to change" + (
            f": {called} ({len(seen)})." if seen else "."
        )
        return Forbidden(
            Problem("A105", message, "Ask somebody to merge whose roles give them.", self.kept.where(""))
        )

    def _clash(self, refused: Conflict) -> Conflict:
        """Records of the two sides have one key: which key is told, and not of whom."""
        if refused.first.code != TAKEN:
            return refused
        entity = str(refused.facts.get("entity") or "")
        label = text_of(self.setting.writers[entity].entity.plural, self.setting.actor.language, entity) if (
            entity in self.setting.writers
        ) else "Records"  # fmt: skip
        message = f"{label} of these records cannot all belong to one: {refused.first.message}"
        return Conflict(
            Problem("R193", message, "Merge, change or delete those first.", self.kept.where("")),
            facts=refused.facts,
        )

    # --- links --------------------------------------------------------------------------------------

    def hand_links(self) -> None:
        """Links of the others are links of the kept record; one that it has already is cut."""
        for writer in self.setting.writers:
            for side in writer.entity.relationships.values():
                if side.shape is Shape.MANY and not writer.entity.is_engine:
                    links = writer.table.links[side.name]
                    for row in self._rows(writer, side, links):
                        self._hand_link(writer, side, links, row)

    def _rows(self, writer: Writer, side: Relationship, links: LinkTable) -> Iterator[Mapping[str, Any]]:
        ends: list[sa.ColumnElement[bool]] = []
        ids = list(self.others)
        if writer.name == self.writer.name:
            ends.append(links.source.in_(ids))
        if links.target.record_column is not None and links.target.entity_column is not None:
            is_here = links.target.entity_column == self.writer.number
            ends.append(sa.and_(is_here, links.target.record_column.in_(ids)))
        elif self.writer.name in side.targets:
            ends.append(links.target.columns[self.writer.name].in_(ids))
        if not ends:
            return iter(())
        chosen = sa.select(links.table).where(sa.or_(*ends)).order_by(links.table.c.id)
        rows = self.setting.unit.execute(chosen).mappings().all()
        return iter([{str(name): value for name, value in row.items()} for row in rows])

    def _hand_link(
        self, writer: Writer, side: Relationship, links: LinkTable, row: Mapping[str, Any]
    ) -> None:
        source, target = row[links.source.key], links.target.join(row, self.setting.entity_names)
        if target is None:
            raise AssertionError("a link always has a far end")
        values, link = link_values(links, row), row["id"]
        here, there = self._now(Ref(writer.name, source)), self._now(target)
        old, new = (self._source(writer, record) for record in (source, here.id))
        for draft in (old, new):
            self._require_links(draft, side.name)
        cut = sa.delete(links.table).where(links.table.c.id == link)
        told = self._told(side, link, target, values)
        log_link(self.setting, self.tally, old, side, "unlink", told, {}, link)
        if here == there or overlaps(self.setting, links, here.id, there, values, link):
            self.setting.unit.execute(cut)
            return
        ends = {links.source.key: here.id, **links.target.split(there, self.setting.numbers)}
        self.setting.unit.execute(sa.update(links.table).where(links.table.c.id == link).values(**ends))
        log_link(self.setting, self.tally, new, side, "link", {}, self._told(side, link, there, values), link)

    def _told(self, side: Relationship, link: UUID, to: Ref, values: Mapping[str, Any]) -> dict[str, Any]:
        end = {"id": str(to.id), "entity": to.entity}
        return {"id": str(link), "to": end, **shown_link(side, values)}

    def _source(self, writer: Writer, record: UUID) -> Draft:
        if writer.name == self.writer.name and record in self.all:
            return self.kept if record == self.kept.id else self.others[record]
        stored = writer.load(self.setting.unit, [record], lock=True)[record]
        return Draft(writer, "update", record, self.kept.path, old=stored, new=stored)

    def _require_links(self, draft: Draft, name: str) -> None:
        rule = permits.rights(self.setting, draft.writer).cell("update", name)
        allowed = permits.passing(self.setting, draft.writer, "update", [draft.id])
        if not allowed or not permits.passing_rule(self.setting, draft.writer, rule, [draft.id]):
            raise self._not_yours(draft.writer, [draft.id])
