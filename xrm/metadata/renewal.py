"""Documents that still say former names, as they would be with present ones; each place is noted.

Names stand in three ways: as keys of what another layer says, as words or paths in lists, and inside expressions.
The first two are renewed here, before layers are laid over each other; expressions are when they are checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from xrm.errors import Place, Problem
from xrm.metadata.claims import former_names
from xrm.metadata.documents import SourceDocument
from xrm.metadata.former import FormerNames
from xrm.metadata.mending import Change, Removal, Renaming, Replacement, mended
from xrm.metadata.parse import Doc, is_item_change, parse
from xrm.metadata.positions import Path
from xrm.metadata.reading import ReadPack
from xrm.metadata.scenarios import PARTS
from xrm.metadata.schemas.views import PLAIN_KEYS, VIEW_KEYS

NOTED: Final = "M290"
_OF_ENTITIES: Final = ("entity", "extend", "form", "view", "lifecycle")
_AGGREGATED: Final = re.compile(r"\(([a-z0-9_.]+)\)")
_ITEM_WORDS: Final = ("add", "after", "remove")


@dataclass(frozen=True, slots=True)
class Renewed:
    """The packs with present names, the names that stood for others, and where each was said."""

    packs: tuple[ReadPack, ...]
    former: FormerNames
    notes: tuple[Problem, ...]


def renewed(packs: Sequence[ReadPack]) -> Renewed:
    """All documents say present names, besides their expressions."""
    former = former_names([doc for pack in packs for doc in pack.docs])
    if not former:
        return Renewed(tuple(packs), former, ())
    notes: list[Problem] = []
    made = [replace(pack, docs=tuple(_renewed(doc, former, notes) for doc in pack.docs)) for pack in packs]
    return Renewed(tuple(made), former, tuple(notes))


def note_of(former: str, present: str, what: str, where: Place) -> Problem:
    """What is said of a former name: where it stands, and what to write."""
    named = f"{what} " if what else ""
    return Problem(NOTED, f'{named}"{former}" is called "{present}" now.', f"Write {present}.", where)


def _renewed(doc: Doc, former: FormerNames, notes: list[Problem]) -> Doc:
    source = doc.source
    if not isinstance(source.raw, dict):
        return doc
    reader = _Reader(source, former)
    name = reader.read()
    if not reader.changes and name == source.name:
        return doc
    notes.extend(reader.notes)
    raw, positions = mended(source.raw, source.positions, reader.changes)
    broken = frozenset(_moved(path, reader.changes) for path in source.broken)
    return parse(replace(source, name=name, raw=raw, positions=positions, broken=broken))


def _moved(path: Path, changes: Iterable[Change]) -> Path:
    """Where what was at the path is, once keys on the way to it have their new names."""
    named = {change.path: change.name for change in changes if isinstance(change, Renaming)}
    return tuple(named.get(path[: index + 1], step) for index, step in enumerate(path))


@dataclass(slots=True)
class _Reader:
    """Looks at everything in one document that is a name; `changes` are in terms of the document as written."""

    source: SourceDocument
    former: FormerNames
    changes: list[Change] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def read(self) -> str:
        """All changes are known; gives the present name of the document."""
        kind, name, raw = self.source.kind, self.source.name, self.source.raw
        present = self.former.entity(name) if kind in _OF_ENTITIES else name
        if kind in raw and kind in ("entity", "extend"):
            self.word((kind,), present, "The entity")
        elif present != name:
            self.notes.append(note_of(name, present, "The entity", Place(self.source.file)))
        self.named(present, raw)
        return present

    def named(self, entity: str, raw: Mapping[str, Any]) -> None:
        """The names in a document of its kind are looked at; those about an entity are about this one."""
        of_entities: Mapping[str, Callable[[str, Mapping[str, Any]], None]] = {
            "entity": self.entity, "extend": self.entity, "lifecycle": self.lifecycle,
            "form": lambda name, said: self.forms(name, (), said),
            "view": lambda name, said: self.views(name, (), said),
        }  # fmt: skip
        others: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "options": self.option_set, "role": self.roles, "pack": self.manifest, "seed": self.seed,
            "scenario": self.scenario, "i18n": self.texts,
        }  # fmt: skip
        kind = self.source.kind
        if kind in of_entities:
            of_entities[kind](entity, raw)
        elif kind in others:
            others[kind](raw)

    # --- the three ways in which a name stands --------------------------------------------------------

    def key(self, path: Path, present: str, what: str) -> None:
        """The key at the end of the path is called so now; what both names say is put together."""
        written = str(path[-1])
        if written == present:
            return
        self.notes.append(note_of(written, present, what, self.source.key_at(path)))
        around = _at(self.source.raw, path[:-1])
        if present in around:
            both = around[written], around[present]
            joined = {**both[0], **both[1]} if all(isinstance(b, dict) for b in both) else both[1]
            self.changes += [Replacement((*path[:-1], present), joined), Removal(path)]
        else:
            self.changes.append(Renaming(path, present))

    def word(self, path: Path, present: str, what: str) -> None:
        """The word at the path is this now."""
        written = _at(self.source.raw, path)
        if isinstance(written, str) and written != present:
            self.notes.append(note_of(written, present, what, self.source.at(path)))
            self.changes.append(Replacement(path, present))

    def words(self, path: Path, value: Any, renew: Any, what: str) -> None:
        """The word, the words of a list or of its rows, or of a change of a list, are as `renew` says."""
        if isinstance(value, str):
            self.word(path, renew(value), what)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.words((*path, index), item, renew, what)
        elif isinstance(value, dict):
            for key in _ITEM_WORDS:
                self.words((*path, key), value.get(key), renew, what)

    def entities(self, path: Path, value: Any) -> None:
        """Names of entities."""
        self.words(path, value, self.former.entity, "The entity")

    def members(self, entity: str, path: Path, value: Any) -> None:
        """Names of fields and relationships of the entity."""
        self.words(path, value, lambda name: self.former.member(entity, name), f"{entity}:")

    def paths(self, entity: str, path: Path, value: Any) -> None:
        """Paths along relationships, a sign for their direction before them."""
        self.words(path, value, lambda text: self._path(entity, text), f"{entity}:")

    def _path(self, entity: str, text: str) -> str:
        bare = text.removeprefix("-")
        return f"{text[: len(text) - len(bare)]}{self.former.path(entity, bare)}"

    # --- entities ---------------------------------------------------------------------------------------

    def _rule(self, name: str, path: Path, body: Mapping[str, Any]) -> None:
        for word in ("field", "on", "into", "keep"):
            self.members(name, (*path, word), body.get(word))
        each = body.get("each")
        self.paths(name, (*path, "each"), each)
        kept_in = self.former.reached(name, each) if isinstance(each, str) else ()
        for word in ("holds", "say", "choose") if len(kept_in) == 1 else ():
            self.members(kept_in[0], (*path, word), body.get(word))

    def entity(self, name: str, raw: Mapping[str, Any]) -> None:
        """What an entity or an extension says."""
        self.entities(("like",), raw.get("like"))
        for key, body in raw.get("fields", {}).items():
            present = self.former.member(name, key)
            self.key(("fields", key), present, f"{name}:")
            self.one_field(name, present, ("fields", key), body)
        for key, body in raw.get("relationships", {}).items():
            self.key(("relationships", key), self.former.member(name, key), f"{name}:")
            self.relationship(("relationships", key), body)
        for key, body in raw.get("keys", {}).items():
            fields = body if isinstance(body, list) else body.get("fields")
            self.members(name, ("keys", key) if isinstance(body, list) else ("keys", key, "fields"), fields)
            if isinstance(body, dict):
                self.members(name, ("keys", key, "no_overlap"), body.get("no_overlap"))
        for key, body in raw.get("duplicates", {}).items():
            for index, said in enumerate(body.get("match", ())):
                at = ("duplicates", key, "match", index)
                is_plain = isinstance(said, str)
                self.paths(name, at if is_plain else (*at, "field"), said if is_plain else said.get("field"))
        for key, body in raw.get("rules", {}).items():
            if isinstance(body, dict):
                self._rule(name, ("rules", key), body)
        self.members(name, ("indexes",), raw.get("indexes"))
        if self.source.kind == "extend":
            self.forms(name, ("forms",), raw.get("forms", {}))
            self.views(name, ("views",), raw.get("views", {}))

    def one_field(self, entity: str, name: str, path: Path, body: Mapping[str, Any]) -> None:
        """What a field says."""
        self.paths(entity, (*path, "from"), body.get("from"))
        self.members(entity, (*path, "rate_on"), body.get("rate_on"))
        self.entities((*path, "entity"), body.get("entity"))
        former = self.former.options.get((entity, name), {})
        if not isinstance(body.get("options"), str):
            self.options(path, body.get("options"), former)
        for key in body.get("options_when", {}):
            self.key((*path, "options_when", key), self.former.option(entity, name, str(key)), "The option")
        self.words(
            (*path, "default"), body.get("default"), lambda key: self.former.option(entity, name, key), ""
        )

    def options(self, path: Path, options: Any, former: Mapping[str, str]) -> None:
        """What is said about options, as a list, a map, or a change of those below."""
        if is_item_change(options):
            for word in ("after", "remove"):
                self.words(
                    (*path, "options", word), options.get(word), lambda k: former.get(k, k), "The option"
                )
        elif isinstance(options, dict):
            for key in options:
                self.key((*path, "options", key), former.get(key, key), "The option")

    def option_set(self, raw: Mapping[str, Any]) -> None:
        """What a shared set says of its options."""
        self.options((), raw.get("options"), self.former.options.get(("", self.source.name), {}))

    def manifest(self, raw: Mapping[str, Any]) -> None:
        """The entities in the menu."""
        for group, body in raw.get("menu", {}).items():
            self.entities(("menu", group, "entities"), body.get("entities"))

    def relationship(self, path: Path, body: Mapping[str, Any]) -> None:
        """What a relationship says."""
        self.entities((*path, "to"), body.get("to"))
        self.entities((*path, "from"), body.get("from"))
        inverse = body.get("inverse")
        at = (*path, "inverse", "name") if isinstance(inverse, dict) else (*path, "inverse")
        self.words(at, inverse.get("name") if isinstance(inverse, dict) else inverse, self._inverse(body), "")
        if "via" in body and isinstance(body.get("from"), str):
            self.members(self.former.entity(body["from"]), (*path, "via"), body["via"])

    def _inverse(self, body: Mapping[str, Any]) -> Callable[[str], str]:
        """The present name of the other side, which the entities there may have renamed."""
        words = body.get("to", ())
        targets = [self.former.entity(w) for w in ([words] if isinstance(words, str) else words)]

        def renew(name: str) -> str:
            found = (self.former.member(target, name) for target in targets)
            return next((present for present in found if present != name), name)

        return renew

    # --- what is shown ----------------------------------------------------------------------------------

    def forms(self, entity: str, path: Path, raw: Mapping[str, Any]) -> None:
        """The names on forms."""
        for form, body in raw.items():
            self.members(entity, (*path, form, "rows"), body.get("rows"))
            for section, said in body.get("sections", {}).items():
                self.members(entity, (*path, form, "sections", section, "rows"), said.get("rows"))

    def views(self, entity: str, path: Path, raw: Mapping[str, Any]) -> None:
        """The paths in views."""
        for view, body in raw.items():
            for key in ("sort", *(k for k in VIEW_KEYS if k not in PLAIN_KEYS)):
                self.paths(entity, (*path, view, key), body.get(key))
            self.words(
                (*path, view, "value"), body.get("value"), lambda t: self._aggregate(entity, t), f"{entity}:"
            )

    def _aggregate(self, entity: str, text: str) -> str:
        return _AGGREGATED.sub(lambda found: f"({self.former.path(entity, found[1])})", text)

    def lifecycle(self, entity: str, raw: Mapping[str, Any]) -> None:
        """The fields that steps require and the roles that take them."""
        for step, body in raw.get("transitions", {}).items():
            path = ("transitions", step)
            self.members(entity, (*path, "requires"), body.get("requires"))
            self.words((*path, "roles"), body.get("roles"), self.former.role, "The role")

    # --- roles, seeds and translations ------------------------------------------------------------------

    def roles(self, raw: Mapping[str, Any]) -> None:
        """Roles with their grants."""
        for role, body in raw.items():
            self.key((role,), self.former.role(role), "The role")
            self.entities((role, "portal"), body.get("portal"))
            for grant, said in body.get("grants", {}).items():
                self.grant((role, "grants", grant), said)

    def grant(self, path: Path, body: Mapping[str, Any]) -> None:
        """The entities of a grant; the names that it gives may be former ones of some of them only."""
        self.entities((*path, "entity"), body.get("entity"))

    def seed(self, raw: Mapping[str, Any]) -> None:
        """Records and people."""
        for index, record in enumerate(raw.get("records", ())):
            if isinstance(record, dict) and isinstance(record.get("entity"), str):
                self.entities(("records", index, "entity"), record["entity"])
                entity = self.former.entity(record["entity"])
                self.values(entity, ("records", index, "values"), record.get("values"))
        for index, person in enumerate((raw.get("people") or {}).get("users", ())):
            path = ("people", "users", index, "roles")
            self.words(path, person.get("roles"), self.former.role, "The role")

    def scenario(self, raw: Mapping[str, Any]) -> None:
        """The roles of its people, and what its steps name; the names of records in it are its own."""
        for person, roles in raw.get("people", {}).items():
            self.words(("people", person), roles, self.former.role, "The role")
        made: dict[str, str] = {}
        for part in PARTS:
            for position, step in enumerate(raw.get(part, ())):
                if isinstance(step, dict):
                    self.step(made, (part, position), step)

    def step(self, made: dict[str, str], path: Path, step: Mapping[str, Any]) -> None:
        """What one step names; `made` are the entities of the records that were made so far."""
        for verb in ("create", "count"):
            self.entities((*path, verb), step.get(verb))
        if isinstance(step.get("create"), str):
            entity = self.former.entity(step["create"])
            made[str(step.get("name", ""))] = entity
        else:
            about = (step.get(key) for key in ("update", "of", "link"))
            entity = next((made[str(name)] for name in about if str(name) in made), "")
        self.values(entity, (*path, "values"), step.get("values"))
        if isinstance(step.get("along"), str):
            self.members(entity, (*path, "along"), step["along"])

    def values(self, entity: str, path: Path, values: Any) -> None:
        """The values of a record, and of those that it owns."""
        for name, value in values.items() if isinstance(values, dict) else ():
            present, at = self.former.member(entity, name), (*path, name)
            self.key(at, present, f"{entity}:")
            self.words(at, value, lambda key, n=present: self.former.option(entity, n, key), "The option")
            targets = self.former.targets.get((entity, present), ())
            for index, row in enumerate(value if isinstance(value, list) and len(targets) == 1 else ()):
                self.values(
                    targets[0], (*at, index), row if isinstance(row, dict) and "ref" not in row else {}
                )

    def texts(self, raw: Mapping[str, Any]) -> None:
        """Paths to what is translated."""
        for path in raw:
            self.key((path,), ".".join(self._steps(path.split("."))), "")

    def _steps(self, steps: list[str]) -> Iterator[str]:
        """The steps of the path to a text with present names."""
        kind, name, rest = steps[0], steps[1] if len(steps) > 1 else "", steps[2:]
        if kind == "roles":
            yield from (kind, self.former.role(name), *rest)
        elif kind == "options" and len(rest) == 1:
            yield from (kind, name, self.former.options.get(("", name), {}).get(rest[0], rest[0]))
        elif kind in ("entities", "forms", "views", "lifecycles"):
            entity = self.former.entity(name)
            yield from (kind, entity)
            yield from self._inside(entity, rest) if kind == "entities" else rest
        else:
            yield from steps

    def _inside(self, entity: str, rest: list[str]) -> Iterator[str]:
        if len(rest) < 2 or rest[0] not in ("fields", "relationships"):
            yield from rest
            return
        member = self.former.member(entity, rest[1])
        yield from (rest[0], member)
        if len(rest) == 4 and rest[2] == "options":
            yield from (rest[2], self.former.option(entity, member, rest[3]))
        else:
            yield from rest[2:]


def _at(raw: Any, path: Path) -> Any:
    for step in path:
        raw = raw[step]
    return raw
