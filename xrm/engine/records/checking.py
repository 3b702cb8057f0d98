"""What the record must satisfy as it will be: needed values, rules, guards, filters, keys without overlap.

Rules that speak only of the record are judged before it is stored; those that look at others are judged
after, in the same transaction, when children written with it are there too. Both give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from xrm.engine.projection.programs import RuleProgram, Scene
from xrm.engine.records.batch import Setting, Tally
from xrm.engine.records.conditioned import closed, hidden, hidden_at_owner, needed, unoffered, with_followed
from xrm.engine.records.draft import Draft, unfit
from xrm.engine.records.environment import StoredEnv, environment, stored_scene
from xrm.engine.records.exchanging import unknown_worths
from xrm.engine.records.holding import hold_related
from xrm.engine.records.lifecycle import step_problems
from xrm.engine.records.locked import refuse_locked
from xrm.engine.records.overlaps import overlap_problems
from xrm.engine.records.permits import known_names, may_be_told
from xrm.engine.records.writer import Writer
from xrm.engine.storage.rows import hold
from xrm.errors import Conflict, Invalid, Place, Problem
from xrm.metadata.model import Rule, text_of
from xrm.metadata.values import Ref


def check_before(setting: Setting, drafts: Sequence[Draft]) -> list[Problem]:
    """What breaks rules about the record alone; raises Conflict if it is locked."""
    refuse_locked(setting, drafts)
    for draft in drafts:
        if draft.writer.entity.append_only and not draft.is_new and draft.changed:
            message = "Records of this entity are never changed."
            raise Conflict(Problem("R146", message, "Add a correcting record instead.", draft.where("")))
    return alone_problems(setting, drafts)


def alone_problems(setting: Setting, drafts: Sequence[Draft]) -> list[Problem]:
    """What breaks rules about the record alone, without the values that have been refused."""
    return [p for draft in drafts for p in _problems_before(setting, draft)]


def check_already(setting: Setting, drafts: Sequence[Draft]) -> list[Problem]:
    """What `check_after` would say and is known of the record alone, for drafts that are refused anyway."""
    return [p for draft in drafts for p in step_problems(setting, draft, early=True)]


def check_after(setting: Setting, drafts: Sequence[Draft]) -> None:
    """Every rule that looks at other records holds; raises Invalid with every problem."""
    hold_related(setting, drafts)
    found = [p for draft in drafts for p in _problems_after(setting, draft)]
    _raise([*found, *_filtered(setting, drafts), *_linked(setting, drafts)])


def check_followed(setting: Setting, tally: Tally) -> None:
    """Rules about values that have followed from other records hold where these stand; raises Invalid if not."""
    _raise([p.at(Place()) for _, p in followed_problems(setting, tally)])


def followed_problems(setting: Setting, tally: Tally) -> list[tuple[Ref, Problem]]:
    """What stands against values that have followed from other records, with the records; all have been judged then."""
    problems: list[tuple[Ref, Problem]] = []
    followed, tally.followed = tally.followed, {}
    for entity in dict.fromkeys(name for name, _ in followed):
        writer = setting.writers[entity]
        changed = {record: frozenset(names) for (name, record), names in followed.items() if name == entity}
        rules = [r for r in _all_rules(writer) if any(r.reads & names for names in changed.values())]
        for record, values in (writer.load(setting.unit, list(changed)) if rules else {}).items():
            if values["deleted_at"] is None:
                draft = Draft(writer, "update", record, old=values, new=values)
                asked = [rule for rule in rules if rule.reads & changed[record]]
                problems += [(Ref(entity, record), p) for p in _rules(setting, draft, asked)]
    return problems


def _all_rules(writer: Writer) -> Sequence[RuleProgram]:
    return (*writer.programs.local_rules, *writer.programs.wide_rules)


def check_return(setting: Setting, drafts: Sequence[Draft]) -> None:
    """Records that have come back stand in nobody's way; raises Conflict with every problem.

    What speaks of the record alone held when it went, and is asked again when it is changed.
    """
    hold_related(setting, drafts)
    found = [p for draft in drafts for p in _problems_of_return(setting, draft)]
    if found:
        raise Conflict(found)


def _raise(problems: Sequence[Problem]) -> None:
    if problems:
        raise Invalid(problems)


def _problems_before(setting: Setting, draft: Draft) -> Iterable[Problem]:
    late = setting.writers.dependencies.late.get(draft.writer.name, frozenset())
    told = late | draft.writer.programs.sides
    yield from unknown_worths(setting, draft)
    yield from closed(setting, draft)
    yield from hidden(setting, draft, lambda reads: not reads & told)
    yield from hidden_at_owner(setting, draft)
    yield from unoffered(setting, draft, lambda reads: not reads & told)
    yield from needed(setting, draft, lambda reads: not reads & told)
    yield from _rules(setting, draft, [r for r in draft.writer.programs.local_rules if not r.reads & late])


def _problems_after(setting: Setting, draft: Draft) -> Iterable[Problem]:
    """What depends on children and links, or follows from them, is judged when they are written."""
    late = setting.writers.dependencies.late.get(draft.writer.name, frozenset())
    told = late | draft.writer.programs.sides
    written = with_followed(setting, draft, late)
    yield from hidden(setting, written, lambda reads: bool(reads & told))
    yield from unoffered(setting, written, lambda reads: bool(reads & told))
    yield from needed(setting, written, lambda reads: bool(reads & told))
    yield from _rules(setting, draft, [r for r in draft.writer.programs.local_rules if r.reads & late])
    yield from _rules(setting, draft, draft.writer.programs.wide_rules)
    yield from step_problems(setting, draft)
    yield from _loops(setting, draft)
    yield from overlap_problems(setting, draft)


def _problems_of_return(setting: Setting, draft: Draft) -> Iterable[Problem]:
    yield from _rules(setting, draft, draft.writer.programs.wide_rules)
    yield from overlap_problems(setting, draft)


def _rules(setting: Setting, draft: Draft, rules: Sequence[RuleProgram]) -> Iterable[Problem]:
    if not rules:
        return
    scene = environment(setting, draft)
    for rule in rules:
        if draft.refused & rule.reads:
            continue
        if (rule.when is None or rule.when(scene) is True) and rule.must(scene) is not True:
            yield _broken(setting, draft, rule.rule)


def _broken(setting: Setting, draft: Draft, rule: Rule) -> Problem:
    """The problem of a rule; its condition is shown to whoever may know of all names in it.

    A message of the rule's own says what to do, so nothing is added to it.
    """
    is_open = may_be_told(setting, rule.must)
    otherwise = f"Must hold: {rule.must.text}." if is_open else "The values do not go together."
    message = text_of(rule.message, setting.actor.language, otherwise)
    field = rule.field if rule.field in known_names(setting, draft.writer.entity.name) else ""
    remedy = "" if rule.message else "Change the values so that it holds."
    return draft.problem("R151", field, message, remedy)


def _filtered(setting: Setting, drafts: Sequence[Draft]) -> Iterable[Problem]:
    """A record may only be pointed at if it passes the relationship's filter. All drafts are of one entity."""
    filters = drafts[0].writer.programs.filters if drafts else {}
    for name, program in filters.items():
        asked = [(d, d.new[name]) for d in drafts if isinstance(d.new.get(name), Ref) and _matters(d, name)]
        scenes = _far_scenes(setting, asked)
        for draft, ref in asked:
            here = StoredEnv(setting, draft.writer, draft.new)
            scene = scenes.get(ref)
            if scene is None or program(scene._replace(outer=here)) is not True:
                yield unfit(draft.where(name))


def _linked(setting: Setting, drafts: Sequence[Draft]) -> Iterable[Problem]:
    """The links that a record has still pass their filter after a change of what the filter looks at."""
    for draft in drafts:
        for name, program in draft.writer.programs.link_filters.items():
            if draft.is_new or not draft.changed.keys() & draft.writer.programs.filter_uses[name]:
                continue
            here = StoredEnv(setting, draft.writer, draft.new)
            if any(program(Scene(setting.context, far, None, here)) is not True for far in here.many(name)):
                yield unfit(draft.where(name))


def _far_scenes(setting: Setting, asked: Sequence[tuple[Draft, Ref]]) -> dict[Ref, Scene]:
    """The records that are pointed at, as programs see them, read once for each entity."""
    wanted: dict[str, dict[UUID, None]] = {}
    for _, ref in asked:
        wanted.setdefault(ref.entity, {})[ref.id] = None
    found: dict[Ref, Scene] = {}
    for entity, ids in wanted.items():
        writer = setting.writers[entity]
        for record, values in writer.load(setting.unit, list(ids)).items():
            found[Ref(entity, record)] = stored_scene(setting, writer, values)
    return found


def _matters(draft: Draft, name: str) -> bool:
    return draft.is_new or bool(
        draft.changed.keys() & {name, *draft.writer.programs.filter_uses.get(name, ())}
    )


def _loops(setting: Setting, draft: Draft) -> Iterable[Problem]:
    """A hierarchy stays a tree: no record is below itself, whoever else moves records in it meanwhile."""
    for relationship in draft.writer.lookups:
        ref = draft.new.get(relationship.name)
        if relationship.hierarchy and isinstance(ref, Ref) and relationship.name in draft.changed:
            if not draft.is_new:
                hold(setting.unit, f"tree:{draft.writer.name}.{relationship.name}")
            yield from _loop(setting, draft, relationship.name, ref)


def _loop(setting: Setting, draft: Draft, name: str, ref: Ref) -> Iterable[Problem]:
    seen: set[UUID] = {draft.id}
    above: Ref | None = ref
    while above is not None:
        if above.id in seen or len(seen) > setting.limits.hierarchy_depth:
            message = (
                "A record can not be below itself." if above.id in seen else "The hierarchy is too deep."
            )
            yield draft.problem("R155", name, message, "Choose another parent.")
            return
        seen.add(above.id)
        stored = setting.writers[above.entity].load(setting.unit, [above.id])
        above = stored[above.id].get(name) if above.id in stored else None
