"""Saved views that ask for something which a change of definitions takes away: told before it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import VIEW
from xrm.engine.storage.numbers import Identities, Numbers
from xrm.metadata.model import Model
from xrm.metadata.returning import Now

_PRIVATE = "me"  # the scope of a view that only its owner sees


@dataclass(frozen=True, slots=True)
class LostView:
    """A saved view of an entity, and what of it goes; the name of a private one is not told."""

    name: str
    entity: str
    lost: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The same for a person."""
        view = f'The saved view "{self.name}"' if self.name else "A saved view of one person"
        return f"{view} of {self.entity} is shown without {', '.join(self.lost)}, until that comes back."


def lost_views(
    unit: UnitOfWork,
    before: Model | None,
    numbers: Numbers,
    which: Identities,
    served: Model | None = None,
    wanted: Model | None = None,
) -> tuple[LostView, ...]:
    """The saved views that use what is served `before`, and is none of `which` or will not be `served`.

    Options are compared with those of the model that is `wanted`, if it is given: on the way back they may have other
    keys.
    """
    if before is None:
        return ()
    staying = now_called(which)
    entities = {now for name, now in staying.entities.items() if _is_in(served, name)}
    members = {
        (staying.entities[entity], now)
        for (entity, name), now in staying.members.items()
        if _is_in(served, entity, name)
    }
    options = set() if wanted is None else _options_gone(before, wanted, staying)
    rows = unit.execute(sa.select(VIEW.c.entity, VIEW.c.name, VIEW.c.scope, VIEW.c.uses)).all()
    found = (
        LostView("" if row.scope == _PRIVATE else row.name, numbers.names.get(row.entity, ""), lost)
        for row in rows
        if (lost := tuple(sorted(set(_lost(_uses(row, numbers), before, entities, members, options)))))
    )
    return tuple(dict.fromkeys(sorted(found, key=lambda view: (view.entity, view.name, view.lost))))


def _uses(row: Any, numbers: Numbers) -> Iterator[str]:
    """What the view uses; a view that says nothing is still one of its entity."""
    yield f"entity:{numbers.names.get(row.entity, '')}"
    yield from row.uses


def _is_in(served: Model | None, entity: str, member: str = "") -> bool:
    """Whether that is served; where no pack is disabled, everything is."""
    if served is None:
        return True
    known = served.entities.get(entity)
    return known is not None and (not member or member in {**known.fields, **known.relationships})


def now_called(which: Identities) -> Now:
    """What the things of a model are called in force; what is gone is called nothing."""
    entities = {name: known.name for name, known in which.entities.items() if not known.gone}
    members = {
        (entity, name): known.name
        for (entity, name), known in which.fields.items()
        if entity in entities and not known.gone
    }
    return Now(entities, members)


def _options_gone(before: Model, wanted: Model, staying: Now) -> set[str]:
    """The options of fields that stay which are not offered any more, by present names."""
    gone = set[str]()
    for (entity, name), now in staying.members.items():
        field = wanted.entities[entity].fields.get(name) if entity in wanted.entities else None
        there = before.entities.get(staying.entities[entity])
        was = there.fields.get(now) if there else None
        if field is not None and was is not None:
            offered = {key for option in field.options for key in (option.key, *option.renamed_from)}
            gone.update(f"{there.name}.{now}.{o.key}" for o in was.options if there and o.key not in offered)
    return gone


def _lost(
    uses: Iterable[str],
    before: Model,
    entities: set[str],
    members: set[tuple[str, str]],
    options: set[str],
) -> Iterator[str]:
    for target in uses:
        if target.partition(":")[2] in options:
            yield target.partition(":")[2]
        entity, _, member = target.partition(":")[2].partition(".")
        known = before.entities.get(entity)
        is_there = known is not None and (member in known.fields or member in known.relationships)
        if known is not None and entity not in entities:
            yield entity
        elif is_there and (entity, member) not in members:
            yield f"{entity}.{member}"
