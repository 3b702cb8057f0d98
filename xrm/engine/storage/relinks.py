"""Relationships whose values become links, whose links become values, or whose missing values are decided.

Found by comparing the definitions in force with those that are wanted. What stands on one side is set aside as a
shadow, as values that turn are; where a shadow of the other side was set aside so before, it comes back with what was
changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from xrm.engine.storage.entity_tables import EntityTable, LinkTable, StoredLookup
from xrm.engine.storage.forms import NOTHING_DECIDED, Decided, undecided
from xrm.engine.storage.matching import Match, Past, Standing
from xrm.engine.storage.shadows import Shadow
from xrm.errors import Problem
from xrm.metadata.model import OWNER_FIELDS, Entity, Relationship, Shape

FIRST, LAST, NONE = "first", "last", ""
CHOICES = (FIRST, LAST, NONE)
Stored = StoredLookup | LinkTable


@dataclass(frozen=True, slots=True)
class Spot:
    """Where references of records stand: the column with the id of the record, and for each entity, by its number, the
    column with the id of what it leads to; or a pair of columns with both. Several of one record are in the `order`.
    """

    table: str
    record: str
    columns: Mapping[int, str] = field(default_factory=dict)
    pair: tuple[str, str] | None = None
    order: tuple[str, ...] = ()

    @staticmethod
    def of(stored: Stored, table: str, number: Callable[[str], int | None]) -> Spot:
        """Where a relationship is stored, by the names of its definition."""
        link = stored if isinstance(stored, LinkTable) else None
        lookup = stored if isinstance(stored, StoredLookup) else stored.target
        numbered = ((number(entity), column.name) for entity, column in lookup.columns.items())
        columns = {known: name for known, name in numbered if known is not None}
        if lookup.entity_column is not None and lookup.record_column is not None:
            pair = (str(lookup.entity_column.name), str(lookup.record_column.name))
        else:
            pair = None
        since = ("valid_from",) if link is not None and link.valid_from is not None else ()
        order = (*since, "created_at", "id") if link is not None else ()
        return Spot(table, "source" if link is not None else "id", columns, pair, order)

    @property
    def is_links(self) -> bool:
        """Whether each row is a link."""
        return self.record != "id"

    def called(self, table: str, names: Mapping[str, str]) -> Spot:
        """The same under other names."""
        columns = {number: names.get(name, name) for number, name in self.columns.items()}
        pair = self.pair and (names.get(self.pair[0], self.pair[0]), names.get(self.pair[1], self.pair[1]))
        return replace(self, table=table, columns=columns, pair=pair)


@dataclass(frozen=True, slots=True)
class Relink:
    """A relationship of `entity` as it shall be stored, and `former`, as it is in force.

    Its references stand in `source` and shall stand in `target`, both as they are called before the plan; of what does
    not come back there is none. `shadow` comes back. `home` is the table of the entity.
    """

    entity: str
    stored: Stored
    home: Standing
    target: Spot
    decided: Decided = NOTHING_DECIDED
    former: Relationship | None = None
    source: Spot | None = None
    kept: Spot | None = None
    shadow: Shadow | None = None

    @property
    def wanted(self) -> Relationship:
        """The relationship as it shall be."""
        return self.stored.relationship

    @property
    def name(self) -> str:
        """The relationship as it is called."""
        return f"{self.entity}.{self.wanted.name}"

    @property
    def to_links(self) -> bool:
        """Whether its values become links."""
        return self.wanted.shape is Shape.MANY

    @property
    def fills(self) -> bool:
        """Whether it stays as it is, and records that have none get one."""
        return self.former is None

    @property
    def needs_one(self) -> bool:
        """Whether every record has to have one."""
        return self.wanted.required and not self.to_links

    @property
    def link_table(self) -> str:
        """The table of its links as it is called before the plan, if they become values."""
        return self.source.table if self.source is not None and self.source.is_links else ""

    @property
    def demanded(self) -> tuple[str, ...]:
        """The attributes that a link has to have."""
        return tuple(name for name, each in self.wanted.attributes.items() if each.required)

    def uses(self) -> Decided:
        """Those of the decisions that can be about something."""
        unfit = None if self.fills else self.decided.unfit
        return Decided(unfit, self.decided.empty if self.needs_one else None)

    def faults(self) -> Iterator[Problem]:
        """What is wrong with the decisions themselves; whom a text names is looked up later."""
        said = self.uses()
        if self.to_links and said.unfit:
            yield undecided(
                f"unfit:{self.name}", "Each value becomes a link; one that cannot goes: say nothing after =."
            )
        elif said.unfit is not None and said.unfit not in CHOICES:
            yield undecided(f"unfit:{self.name}", "Say which link stays: first or last; or nothing for none.")
        if said.empty == "":
            yield undecided(f"empty:{self.name}", "A value is required.")


def with_relinks(matched: Match, past: Past) -> Match:
    """The same standings, and the relationships that are stored in another way, or filled in."""
    if past.before is None or past.wanted is None:
        return matched
    return _Finding(matched, past, dict(matched.standings)).all()


@dataclass(slots=True)
class _Finding:
    matched: Match
    past: Past
    standings: dict[str, Standing]
    found: list[Relink] = field(default_factory=list)

    def all(self) -> Match:
        """Every entity that is stored has been looked at."""
        for stored in self.past.wanted or ():
            home = self.standings.get(stored.table.name)
            if home is not None and not stored.entity.is_engine:
                former = self._former(stored) if home.shadow is None else None
                every: tuple[Stored, ...] = (*stored.lookups.values(), *stored.links.values())
                for each in every:
                    self._look(stored, former, each)
        return replace(self.matched, standings=self.standings, relinks=tuple(self.found))

    def _former(self, stored: EntityTable) -> Entity | None:
        before = self.past.before
        name = self.past.identities.present(stored.entity.name)
        return before.model.entities.get(name) if before else None

    def _look(self, stored: EntityTable, former: Entity | None, each: Stored) -> None:
        entity, wanted = stored.entity.name, each.relationship
        known = self.past.identities.fields.get((entity, wanted.name))
        is_there = known is not None and not known.gone and former is not None
        there = former.relationships.get(known.name) if is_there and former and known else None
        if there is not None and there.shape is not wanted.shape and there.shape is not Shape.INVERSE:
            if former is not None and not (former.is_owned and there.name in OWNER_FIELDS):
                self._turn(stored, former, there, each)
        elif isinstance(each, StoredLookup):
            self._fill(stored, there, each)

    # --- one shape becomes the other ----------------------------------------------------------------

    def _turn(self, stored: EntityTable, former: Entity, there: Relationship, each: Stored) -> None:
        was = self._was(former.name, there.name)
        home = self.standings[stored.table.name]
        if was is None or not self._is_stored(home, was):
            return
        table = was.table.name if isinstance(was, LinkTable) else home.live.name
        source = Spot.of(was, table, self.past.numbers.entities.get)
        target = Spot.of(each, self._table(stored, each), self._number)
        relink = Relink(stored.entity.name, each, home, target, self._decided(stored, each), there, source)
        self.found.append(self._with_kept(stored, relink))

    def _was(self, entity: str, name: str) -> Stored | None:
        before = self.past.before[entity] if self.past.before else None
        return (before.lookups.get(name) or before.links.get(name)) if before else None

    def _is_stored(self, home: Standing, was: Stored) -> bool:
        if isinstance(was, LinkTable):
            return any(table.name == was.table.name for table in self.matched.lost)
        return {column.name for column in was.all_columns} <= home.live.columns.keys()

    def _with_kept(self, stored: EntityTable, relink: Relink) -> Relink:
        """With what comes back; what was removed, and not set aside so, stays where it is."""
        if relink.to_links:
            standing = self.standings.get(relink.target.table)
            shadow = standing.shadow if standing else None
            if standing is None or shadow is None:
                return relink
            if not _was_set_aside(shadow):
                del self.standings[relink.target.table]
                return relink
            return replace(
                relink, kept=relink.target.called(standing.live.name, standing.columns), shadow=shadow
            )
        names = {column.name for column in _lookup(relink.stored).all_columns}
        home = self.standings[stored.table.name]
        there = {home.columns[name] for name in names if name in home.columns}
        shadow = next((s for s in home.returns if there & set(s.columns.values())), None)
        if shadow is None or not _was_set_aside(shadow):
            self.standings[stored.table.name] = _without(home, names, shadow)
            return replace(relink, home=self.standings[stored.table.name])
        return replace(relink, kept=relink.target.called(home.live.name, home.columns), shadow=shadow)

    # --- records that have none get one -------------------------------------------------------------

    def _fill(self, stored: EntityTable, there: Relationship | None, each: StoredLookup) -> None:
        wanted, decided = each.relationship, self._decided(stored, each)
        home = self.standings[stored.table.name]
        if (
            not wanted.required
            or wanted.is_parent
            or decided.empty is None
            or self._was_required(home, there, wanted)
        ):
            return
        target = Spot.of(each, stored.table.name, self._number)
        is_there = all(column.name in home.columns for column in each.all_columns)
        source = target.called(home.live.name, home.columns) if is_there else None
        self.found.append(Relink(stored.entity.name, each, home, target, decided, None, source))

    def _was_required(self, home: Standing, there: Relationship | None, wanted: Relationship) -> bool:
        if home.shadow is not None:
            return home.shadow.demanded(wanted.name)
        return there is not None and there.required

    # --- names --------------------------------------------------------------------------------------

    def _decided(self, stored: EntityTable, each: Stored) -> Decided:
        return Decided.about(self.past.decisions, stored.entity.name, each.relationship.name)

    def _table(self, stored: EntityTable, each: Stored) -> str:
        return str(each.table.name if isinstance(each, LinkTable) else stored.table.name)

    def _number(self, entity: str) -> int | None:
        known = self.past.identities.entities.get(entity)
        return known.number if known else None


def _lookup(stored: Stored) -> StoredLookup:
    return stored if isinstance(stored, StoredLookup) else stored.target


def _was_set_aside(shadow: Shadow) -> bool:
    return isinstance(shadow.turned, Mapping) and "links" in shadow.turned


def _without(home: Standing, names: set[str], shadow: Shadow | None) -> Standing:
    """The standing without the columns that would come back."""
    if shadow is None:
        return home
    gone = {name for name, there in home.columns.items() if there in shadow.columns.values()} & names
    columns = {name: there for name, there in home.columns.items() if name not in gone}
    return replace(home, columns=columns, returns=tuple(s for s in home.returns if s is not shadow))
