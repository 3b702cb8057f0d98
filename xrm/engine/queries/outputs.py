"""What a list gives of each record: which columns are selected and how a raw row becomes JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from xrm.engine.access import always_readable
from xrm.engine.projection.contracts import Contracts, TypedField
from xrm.engine.projection.dumper import RowField, compile_row
from xrm.engine.projection.references import LOOKUP
from xrm.engine.projection.row_code import RowDumper
from xrm.engine.queries.frame import Element, Frame
from xrm.engine.queries.joins import Joins, over_joins
from xrm.engine.queries.reading import unknown_name
from xrm.errors import Invalid, Place, Problem
from xrm.metadata.model import POINTERS, Entity, Shape

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """One value of each record: where it goes in the record, its type, and the columns it is made of."""

    path: Path
    field: RowField
    columns: tuple[Element, ...]
    any_reference: bool = False


def outputs(frame: Frame, contracts: Contracts, paths: Sequence[Path] | None, joins: Joins) -> list[Output]:
    """The outputs for these paths, or for everything that the actor may read; raises Invalid for others.

    Records that more is given of than their titles are joined, in `joins`.
    """
    wanted = default_paths(frame) if paths is None else _with_identity(paths)
    maker = _Maker(contracts, joins)
    found = (output for path in wanted for output in maker.outputs_of(frame, path, path))
    return list({output.path: output for output in found}.values())


def default_paths(frame: Frame) -> list[Path]:
    """Every readable field and lookup, system fields first."""
    entity, reader = frame.stored.entity, frame.desk.reader
    names = [*always_readable(entity)]
    names += [f.name for f in reader.fields(entity)]
    names += [r.name for r in reader.relationships(entity) if r.shape is Shape.LOOKUP]
    return [(n,) for n in dict.fromkeys(names)]


def _with_identity(paths: Sequence[Path]) -> list[Path]:
    return list(dict.fromkeys([("id",), *paths]))


def _through(entity: Entity, name: str) -> Path:
    field = entity.fields.get(name)
    return field.through if field is not None else ()


def _renamed(output: Output, path: Path) -> Output:
    return Output(path, output.field._replace(name=".".join(path)), output.columns, output.any_reference)


def _row_field(path: Path, field: TypedField) -> RowField:
    return RowField(".".join(path), field.type, field.params, len(field.parts))


def _of_two_kinds(shown: str) -> Invalid:
    message = f"{shown} is of different types in the entities that it leads to."
    return Invalid(Problem("R108", message, "Expand the relationship instead.", Place(path="fields")))


def _require_readable(frame: Frame, name: str) -> None:
    """Names that may not be read are answered like names that do not exist."""
    known = readable_names(frame)
    if name not in known:
        raise unknown_name(frame.entity, name, known, "fields")


def readable_names(frame: Frame) -> list[str]:
    """The names of values that the actor may select from this frame."""
    return [path[0] for path in default_paths(frame)]


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the outputs of one statement.

    `named` are the places, one for each entity, in which titles are asked for: each title is a statement of its own
    within this one, so all of them may use the same, whose columns are many.
    """

    contracts: Contracts
    joins: Joins
    named: dict[str, Frame] = field(default_factory=dict)

    def outputs_of(self, frame: Frame, path: Path, rest: Path) -> Iterable[Output]:
        name = rest[0]
        _require_readable(frame, name)
        through = _through(frame.stored.entity, name)
        if through:
            yield _renamed(self._far(frame, through), path)
        elif len(rest) > 1:
            yield from self._stepped(frame, path, rest)
        elif name in frame.stored.lookups or name in POINTERS:
            yield self._pointer(frame, path, name)
        else:
            yield Output(path, _row_field(path, self._field(frame, name)), tuple(frame.columns(name)))

    def _field(self, frame: Frame, name: str) -> TypedField:
        field = self.contracts[frame.entity].schema.dump_fields[name]
        if not isinstance(field, TypedField):
            raise AssertionError("a contract has typed fields only")
        return field

    def _stepped(self, frame: Frame, path: Path, rest: Path) -> Iterable[Output]:
        """A field of a related record, behind the pointers on the way, whose titles come from the same joins."""
        if rest[0] not in frame.stored.lookups and rest[0] not in POINTERS:
            raise unknown_name(frame.entity, ".".join(rest), [], "fields")
        value = self._far(frame, rest)
        for size in range(1, len(rest)):
            yield _renamed(self._far(frame, rest[:size]), path[:size])
        yield _renamed(value, path)

    def _far(self, frame: Frame, rest: Path) -> Output:
        """The value at the end of a path of lookups."""
        name = rest[0]
        _require_readable(frame, name)
        if len(rest) == 1:
            return next(iter(self.outputs_of(frame, rest, rest)))
        samples: list[Output] = []

        def value(there: Frame) -> Sequence[Element]:
            found = self._far(there, rest[1:])
            samples.append(found)
            if found.field.type is not samples[0].field.type or len(found.columns) != len(samples[0].columns):
                raise _of_two_kinds(".".join(rest))
            return found.columns

        columns = self.joins.mark(over_joins(self.joins, frame, name, value))
        if not samples:
            raise unknown_name(frame.entity, ".".join(rest), [], "fields")
        return Output(rest, samples[0].field, columns, samples[0].any_reference)

    def _pointer(self, frame: Frame, path: Path, name: str) -> Output:
        """Id and title of the record pointed at; the title is empty where the actor may not read it."""
        field, stored = self._field(frame, name), frame.lookup(name)
        label = ".".join(path)
        if stored is not None and stored.entity_column is not None:
            columns = (*frame.columns(name), sa.null())
            return Output(path, RowField(label, field.type, field.params, 3), columns, any_reference=True)
        titles = self._titles(frame, name)
        targets = tuple(stored.columns) if stored is not None else (POINTERS[name],)
        pairs: list[Element] = []
        for target in targets:
            own = frame.own(stored.columns[target].key) if stored is not None else frame.own(name)
            pairs += [frame.masked(name, own), titles.get(target, sa.null())]
        params = {**field.params, "targets": targets}
        return Output(path, RowField(label, LOOKUP, params, len(pairs)), tuple(pairs))

    def _titles(self, frame: Frame, name: str) -> Mapping[str, Element]:
        """The title of what the lookup leads to, by entity: from where it is joined, or asked for alone."""
        joined = self.joins.known(frame, name)
        if joined is None:
            return {
                there.entity: _title_alone(pointer, self.named.setdefault(there.entity, there))
                for pointer, there in frame.steps(name)
            }
        titles = {one.there.entity: one.there.own("title") for one in joined}
        self.joins.mark(titles.values())
        return titles


def _title_alone(pointer: Element, there: Frame) -> Element:
    readable = there.readable()
    conditions = [there.id == pointer] if readable is None else [there.id == pointer, readable]
    return sa.select(there.own("title")).where(*conditions).scalar_subquery()


class Presenter:
    """Turns raw rows into records, nested where a path has several names."""

    def __init__(self, made: Sequence[Output], dialect: str) -> None:
        self.record: RowDumper = compile_row([o.field for o in made], dialect)
        self.any_references = tuple(o.path for o in made if o.any_reference)
        self.width = sum(len(o.columns) for o in made)

    def records(self, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        """The records that the raw rows hold."""
        record = self.record
        return [record(row) for row in rows]
