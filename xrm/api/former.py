"""Former names in requests: they are read as what they mean now, and whoever says them is told (RFC 9745)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xrm.api.answers import Answer
from xrm.engine.commands import Actor
from xrm.engine.queries.former import Said, present_path
from xrm.engine.queries.request import Aggregate, Query

if TYPE_CHECKING:
    from xrm.api.call import Call
    from xrm.engine.runtime import Snapshot


@dataclass(slots=True)
class FormerUse:
    """The former names that one request says, as far as its caller may know what they mean."""

    snapshot: Snapshot
    actor: Actor
    said: dict[Said, None] = field(default_factory=dict)

    def entity(self, name: str) -> str:
        """The present name of an entity."""
        present = self.snapshot.model.former.entities.get(name)
        if present is None or present not in self.snapshot.policy.usable_entities(self.actor):
            return name
        self.said[Said("", name, present)] = None
        return present

    def member(self, entity: str, name: str) -> str:
        """The present name of a field or relationship of the entity."""
        present = self.snapshot.model.former.members.get(entity, {}).get(name)
        if present is None or not self._is_known(entity, present):
            return name
        self.said[Said(entity, name, present)] = None
        return present

    def key(self, entity: str, by: str) -> str:
        """The present name of the field by which records are found; a key is called so itself."""
        found = self.snapshot.model.entities.get(entity)
        return by if found is None or by in found.keys else self.member(entity, by)

    def values(self, entity: str, values: Mapping[str, Any]) -> None:
        """The names of the values of a record are told of; the contract reads them."""
        for name in self.snapshot.model.former.members.get(entity, {}):
            if name in values:
                self.member(entity, name)

    def query(self, query: Query | Aggregate) -> None:
        """The names in a query are told of; the query service reads them."""
        self.said.update(dict.fromkeys(self.snapshot.queries.former(self.actor, query)))

    def _is_known(self, entity: str, name: str) -> bool:
        rights = self.snapshot.policy.rights(self.actor, entity)
        return any(not rights.cell(operation, name).nowhere for operation in ("read", "create", "update"))

    def told(self, made: Answer) -> Answer:
        """The answer, which says which of the names that were used are former ones, and what to use instead."""
        if not self.said:
            return made
        since = self.snapshot.former_since
        dates = [at for said in self.said if (at := since.get((said.entity, said.former))) is not None]
        date = {"Deprecation": f"@{int(min(dates).timestamp())}"} if dates else {}
        return made.with_headers(**date, Link=", ".join(_link(said) for said in self.said))


def _link(said: Said) -> str:
    """Where the successor is: the records of the entity, or its description with the field in it."""
    entity = f"/api/v1/records/{said.present}"
    member = f"/api/v1/metadata/entities/{said.entity}#{said.present}"
    return f'<{member if said.entity else entity}>; rel="successor-version"; title="{said.former}"'


# --- answers by the names that were asked for ---------------------------------------------------------

Tree = dict[
    str, tuple[str, "Tree"]
]  # what stands under each asked name: the present one, and what is asked inside


def as_asked(call: Call, query: Query, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The records, in which fields that were asked for by former names stand under these."""
    if not call.former.said:
        return rows
    names = call.snapshot.queries.reader(call.actor).names
    tree: Tree = {}
    for path in (*(query.fields or ()), *((item.name,) for item in query.expand)):
        inside = tree
        for asked, present in zip(path, present_path(names, query.entity, path)[0], strict=True):
            inside = inside.setdefault(asked, (present, {}))[1]
    return [_under_asked_names(row, tree) for row in rows]


def _under_asked_names(row: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    present = {name for name, _ in tree.values()}
    made = {name: value for name, value in row.items() if name not in present}
    for asked, (name, inside) in tree.items():
        if name in row:
            value = row[name]
            made[asked] = _under_asked_names(value, inside) if isinstance(value, dict) else value
    return made
