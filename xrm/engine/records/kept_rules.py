"""Rules that people keep in records: which of them count for a record, and what follows.

They are asked when a record is written that they speak of, on the values as they will be; nobody's rights matter for
whether they count, as with the rules of definitions. Their words are told to those who may read them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Link, Target
from xrm.engine.projection.programs import KeptProgram, Scene
from xrm.engine.records import permits
from xrm.engine.records.batch import Setting, Tally, Touch
from xrm.engine.records.draft import NONE, Draft
from xrm.engine.records.environment import OnceEnv, StoredEnv
from xrm.engine.records.linking import link, put_link
from xrm.engine.records.recomputing import recompute
from xrm.engine.records.targets import readable_of
from xrm.engine.records.writer import Writer
from xrm.errors import Invalid, Problem
from xrm.metadata.dependencies import linking_name
from xrm.metadata.expressions.environment import Env
from xrm.metadata.model import text_of
from xrm.metadata.values import Ref

_ROUNDS = 3  # what is chosen may let other rules count, which choose again


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule that counts and does not hold says, at which name, and whether it is only a warning."""

    name: str
    text: str
    warns: bool


def follow_kept_rules(setting: Setting, tally: Tally, drafts: Sequence[Draft]) -> list[Draft]:
    """Rules that are kept in records hold for these, what they choose is there, and which count is kept.

    Raises Invalid with what does not hold.
    """
    asked = [draft for draft in drafts if draft.writer.programs.kept_rules and _is_concerned(draft)]
    if not asked:
        return list(drafts)
    for _ in range(_ROUNDS):
        if not [True for draft in asked if _choose(setting, tally, draft)]:
            break
    for draft in asked:
        _keep(setting, tally, draft)
    problems = [problem for draft in asked for problem in _broken(setting, draft)]
    if problems:
        raise Invalid(problems)
    return recompute(setting, tally, drafts)


def said_ahead(setting: Setting, writer: Writer, refs: Mapping[str, Ref]) -> list[Said]:
    """What rules would say of a record that leads to these records by its lookups; nothing is written.

    Only rules that speak of a record that it leads to are asked, and only of records that the actor may read.
    """
    permits.require_entity(setting, writer, "read", "")
    seen = {
        name: ref
        for name, ref in refs.items()
        if ref.entity in setting.writers
        and ref.id in readable_of(setting, {ref.entity: [ref.id]})[ref.entity]
    }
    new = {**writer.empty, **seen, "id": setting.world.new_id()}
    draft = Draft(writer, "create", new["id"], new=new)
    found = _failing(setting, draft, warn=True)
    return [_said(setting, draft, kept, rule) for kept, rule in found if kept.rule.on]


def _is_concerned(draft: Draft) -> bool:
    """Whether what was written may decide something: anything of the record itself, or what leads to another one."""
    if draft.is_new or draft.link is not None or draft.nested:
        return True
    ways = [{kept.rule.on, kept.rule.path[0]} for kept in draft.writer.programs.kept_rules]
    changed = draft.changed.keys() - {"version", "updated_at", "updated_by"}
    return any(bool(changed & names) if "" not in names else bool(changed) for names in ways)


def _record(setting: Setting, draft: Draft) -> Env:
    """The record as it will be, for questions between which nothing is written."""
    return OnceEnv(StoredEnv(setting, draft.writer, draft.new))


def _counting(setting: Setting, draft: Draft, kept: KeptProgram, record: Env | None = None) -> Iterator[Env]:
    """The rules that count for the record."""
    record = record or _record(setting, draft)
    here: Env | None = record
    asked = here.follow(kept.rule.on) if kept.rule.on and here is not None else here
    for name in kept.rule.path[:-1]:
        here = None if here is None else here.follow(name)
    if here is None or asked is None:
        return
    for rule in _bounded(setting, draft, kept, here.many(kept.rule.path[-1])):
        if _holds(setting, draft, kept, rule, asked) and _is(setting, kept.when, rule, record):
            yield rule


def _bounded(setting: Setting, draft: Draft, kept: KeptProgram, rules: Iterable[Env]) -> Sequence[Env]:
    """The rules, which are no more than may be asked of one record: each is an evaluation while others wait."""
    found, most = list(rules), setting.limits.kept_rules
    if len(found) > most:
        what = "rules are kept" if kept.rule.holds else "records are asked"
        message = f"{len(found)} {what} for this record, and {most} is the most that is asked."
        hint = (
            "Delete those that are not needed any more, or let an administrator raise the limit kept_rules."
        )
        raise Invalid(Problem("L145", message, hint, draft.where("")))
    return found


def _holds(setting: Setting, draft: Draft, kept: KeptProgram, rule: Env, asked: Env) -> bool:
    """Whether the rule says of the record that it counts there; a rule that need not say it does."""
    if not kept.rule.holds:
        return True
    text = rule.value((kept.rule.holds,))
    if not text:
        return False
    program = setting.writers.said(asked.entity, text)
    if program is None:
        raise Invalid(_unreadable(setting, draft, kept, rule))
    return program(Scene(setting.context, asked)) is True


def _is(setting: Setting, program: Any, rule: Env, record: Env) -> bool:
    """Whether a condition over the rule and the record holds; one that is not there does."""
    return program is None or program(Scene(setting.context, rule, None, record)) is True


def _failing(setting: Setting, draft: Draft, *, warn: bool) -> Iterator[tuple[KeptProgram, Env]]:
    """The rules that count and do not hold; with `warn` those that only warn as well."""
    record = _record(setting, draft)
    for kept in draft.writer.programs.kept_rules:
        is_asked = kept.must is not None or kept.rule.warns
        if is_asked and (warn or not kept.rule.warns):
            for rule in _counting(setting, draft, kept, record):
                if kept.must is None or not _is(setting, kept.must, rule, record):
                    yield kept, rule


def _broken(setting: Setting, draft: Draft) -> Iterable[Problem]:
    for kept, rule in _failing(setting, draft, warn=False):
        said = _said(setting, draft, kept, rule)
        yield draft.problem("R151", said.name, said.text, "Change the values so that it holds.")


def _said(setting: Setting, draft: Draft, kept: KeptProgram, rule: Env) -> Said:
    """The rule in its own words, if the actor may read them, else in those of the definition."""
    otherwise = text_of(kept.rule.message, setting.actor.language, "The values do not go together.")
    words = rule.value((kept.rule.say,)) if kept.rule.say and _may_read(setting, kept, rule) else None
    known = permits.known_names(setting, draft.writer.entity.name)
    return Said(kept.rule.field if kept.rule.field in known else "", str(words or otherwise), kept.rule.warns)


def _may_read(setting: Setting, kept: KeptProgram, rule: Env) -> bool:
    writer = setting.writers[kept.rule.entity]
    cell = permits.rights(setting, writer).cell("read", kept.rule.say)
    return bool(permits.passing_rule(setting, writer, cell, [_id(rule)]))


def _unreadable(setting: Setting, draft: Draft, kept: KeptProgram, rule: Env) -> Problem:
    name = rule.value(("title",)) if _may_read(setting, kept, rule) else ""
    message = f"A rule that is kept in a record cannot be read any more{f': {name}' if name else ''}."
    return Problem("R175", message, "Write its expression anew, or delete it.", draft.where(""))


def _id(env: Env) -> UUID:
    found = env.value(("id",))
    return found.id if isinstance(found, Ref) else UUID(str(found))


# --- what is chosen, and what is kept -----------------------------------------------------------------------


def _choose(setting: Setting, tally: Tally, draft: Draft) -> bool:
    """A new record that was given none begins with what its rules choose; tells whether something came in."""
    made, known = False, len(tally.links)
    for kept in draft.writer.programs.kept_rules:
        name = kept.rule.into
        if name and draft.is_new and name not in draft.nested:
            there = _linked(setting, draft, name)
            wanted = (rule.value((kept.rule.choose,)) for rule in _counting(setting, draft, kept))
            for ref in dict.fromkeys(ref for ref in wanted if isinstance(ref, Ref) and ref not in there):
                to = {"id": str(ref.id), "entity": ref.entity}
                link(setting, tally, draft, Link(draft.writer.name, Target(draft.id), name, to), name)
                made = True
    del tally.links[known:]
    return made


def _keep(setting: Setting, tally: Tally, draft: Draft) -> None:
    """The record leads to the rules that count, and to no others; nobody wrote it, so that no history tells of it."""
    names = {kept.rule.keep for kept in draft.writer.programs.kept_rules if kept.rule.keep}
    for name in sorted(names):
        rules = [kept for kept in draft.writer.programs.kept_rules if kept.rule.keep == name]
        wanted = {
            Ref(kept.rule.entity, _id(rule)): None
            for kept in rules
            for rule in _counting(setting, draft, kept)
        }
        there = _linked(setting, draft, name)
        for ref in (ref for ref in wanted if ref not in there):
            put_link(setting, draft.writer.table.links[name], draft.id, ref)
        _leave(setting, draft, name, {there[ref] for ref in there if ref not in wanted})
        for ref in wanted.keys() ^ there.keys():
            tally.touched.append(Touch(draft.writer.name, draft.id, frozenset({name}), NONE, NONE))
            other = frozenset({linking_name(draft.writer.name, name)})
            tally.touched.append(Touch(ref.entity, ref.id, other, NONE, NONE))


def _linked(setting: Setting, draft: Draft, name: str) -> dict[Ref, UUID]:
    """The records that the relationship leads to, each with the id of the link."""
    links = draft.writer.table.links[name]
    rows = setting.unit.execute(sa.select(links.table).where(links.source == draft.id)).mappings().all()
    found = ((links.target.join(dict(row), setting.entity_names), row["id"]) for row in rows)
    return {ref: record for ref, record in found if ref is not None}


def _leave(setting: Setting, draft: Draft, name: str, ids: Collection[UUID]) -> None:
    table = draft.writer.table.links[name].table
    if ids:
        setting.unit.execute(sa.delete(table).where(table.c.id.in_(ids)))
