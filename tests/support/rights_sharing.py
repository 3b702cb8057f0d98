"""The realm with some records shared with the person: in the reference a share is part of the rows of each grant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from tests.support.rights_reference import Grant, Person, Record
from tests.support.rights_stage import Stage
from tests.support.rights_world import ME, Realm, identity
from xrm.metadata.model import SHAREABLE
from xrm.metadata.values import Ref
from xrm.testing import admin_actor

Shares = Mapping[str, Sequence[str]]
SHARED: Mapping[tuple[str, int], Sequence[str]] = {
    ("client", 0): ("read",),
    ("client", 3): ("read", "update", "export"),
    ("client", 5): ("update", "delete"),
    ("ticket", 0): ("read", "transition"),
    ("ticket", 2): ("read", "update", "export"),
    ("ticket", 4): ("update",),
    ("region", 2): ("read", "export"),
    ("vault", 1): ("read",),
}
TO_TEAM = ("client", 3), ("ticket", 2)


def with_shares(realm: Realm) -> Realm:
    """The same realm, where the grants of the asker hold on the shared records too, for what is shared of them."""
    shares = {identity(*place): operations for place, operations in SHARED.items()}
    roles = {n: [w for g in grants for w in _widened(g, shares)] for n, grants in realm.world.roles.items()}
    return replace(realm, world=replace(realm.world, roles=roles))


def _widened(grant: Grant, shares: Shares) -> list[Grant]:
    return [_one(grant, operation, shares) for operation in sorted(grant.can)]


def _one(grant: Grant, operation: str, shares: Shares) -> Grant:
    kept = grant.rows

    def rows(person: Person, record: Record) -> bool:
        is_shared = operation in SHAREABLE and operation in shares.get(record["id"], ()) and person.me == ME
        return is_shared or kept is None or kept(person, record)

    return Grant(grant.entity, frozenset({operation}), None if kept is None else rows, grant.fields)


def share_all(stage: Stage) -> Stage:
    """The records are shared, some with the person and some with their team; the stage expects that."""
    runtime, admin = stage.runtime, admin_actor(stage.runtime)
    current = runtime.current()
    for place, operations in SHARED.items():
        to = Ref("team", stage.team) if place in TO_TEAM else Ref("user", stage.ana.id)
        current.records.share(admin, place[0], UUID(identity(*place)), to, operations)
        stage.shared.add(identity(*place))
    stage.forget()
    numbers = frozenset(current.numbers.entities[entity] for entity, _ in SHARED)
    ana = replace(stage.ana, shared=numbers)
    return replace(stage, realm=with_shares(stage.realm), ana=ana, _feeds={}, _got={})
