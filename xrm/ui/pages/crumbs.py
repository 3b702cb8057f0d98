"""The crumbs over a page: to the records of an entity, and to one of them by what it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from xrm.metadata.model import Entity
from xrm.ui.models import Link
from xrm.ui.pages.visit import Visit


def called(visit: Visit, entity: Entity, record: Mapping[str, Any]) -> str:
    """What the record is called; never nothing, since links say it."""
    return str(record.get("title") or visit.ui.t("Untitled {label}", label=visit.label(entity).lower()))


def to_records(visit: Visit, entity: Entity) -> Link:
    """The way to the records of the entity."""
    return Link(visit.plural(entity), f"/r/{entity.name}", entity.icon)


def to_record(visit: Visit, entity: Entity, id_: UUID, record: Mapping[str, Any]) -> tuple[Link, Link]:
    """The way to the records of the entity, and on to this one."""
    return (to_records(visit, entity), Link(called(visit, entity, record), f"/r/{entity.name}/{id_}"))
