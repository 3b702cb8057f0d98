"""What import and export need of the installation: the model in force with its services, and the files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from xrm.engine.access import Policy
from xrm.engine.commands import Actor
from xrm.engine.queries.service import QueryService
from xrm.engine.records.service import RecordService
from xrm.engine.storage.database import Database
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.files import FileStore
from xrm.engine.world import World
from xrm.errors import Forbidden, NotFound, Place, Problem
from xrm.metadata.model import Entity, Model
from xrm.registry import near_names
from xrm.settings import Limits


class Services(Protocol):
    """The model in force and its services; a value that is asked for anew with every portion."""

    @property
    def model(self) -> Model:
        """The definitions."""
        ...

    @property
    def schema(self) -> Schema:
        """Their tables."""
        ...

    @property
    def policy(self) -> Policy:
        """Their rights."""
        ...

    @property
    def records(self) -> RecordService:
        """Who writes records."""
        ...

    @property
    def queries(self) -> QueryService:
        """Who reads records."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What import and export stand on."""

    current: Callable[[], Services]
    database: Database
    files: FileStore
    world: World
    limits: Limits


def carrying(actor: Actor, transfer: str) -> Actor:
    """The same actor, to whom a row or field is open only where the transfer is granted on it as well."""
    return replace(actor, transfer=transfer)


def demand_entity(services: Services, actor: Actor, name: str, operation: str) -> Entity:
    """The entity, on which the actor may do this; raises NotFound or Forbidden."""
    readable = services.policy.readable_entities(actor)
    if name not in readable:
        near = near_names(name, readable)
        hint = f"Did you mean {near[0]}?" if near else ""
        raise NotFound(Problem("R104", f"There is no entity {name!r} for you.", hint, Place(path="entity")))
    decision = services.policy.decide(actor, operation, name)
    if not decision.allowed:
        hint = f"Ask for a role that grants {operation} on {name}."
        raise Forbidden(Problem("A102", f"You may not {operation} {name}.", hint, Place(path="entity")))
    return services.model.entities[name]


def writable_names(services: Services, actor: Actor, entity: str) -> frozenset[str]:
    """The fields and lookups of the entity that the actor may set on some record."""
    rights = services.policy.rights(actor, entity)
    return rights.names("create") | rights.names("update")
