"""What templates know about a field: plain values, already translated and already allowed for the reader."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from xrm.metadata.values import fold

MORE = "…"  # after the last text of a list that has more
EMPTY: tuple[object, ...] = (None, "", [], (), {})


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: what is posted, what is read, and the hue of its tag (slate, blue, iris, amber, ...).

    A `hidden` one waits for what is typed elsewhere before it may be chosen.
    """

    value: str
    label: str
    hue: str = "slate"
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where a lookup finds its records: `src` answers `?q=` with options, `page` searches without scripts.

    `several` says that its records may be of more than one entity. `icon` stands before a chosen record.
    `base` is what a record's address begins with: `<base>/<entity>/<id>`. `needs` are the names of the form on
    whose values it depends which records are offered; `src` and `page` take them as `v.<name>`. `makes` are the labels
    of what this person may make for it, with the addresses of the forms.
    """

    src: str
    page: str = ""
    several: bool = False
    icon: str = ""
    base: str = "/r"
    needs: tuple[str, ...] = ()
    makes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One field as a control: `kind` names the control, `value` is in the JSON form of the API.

    After a refusal `value` is what the person typed and `error` what to do about it. `readonly` shows the
    value where the input would be, with `reason`. `name` may be dotted (`lines.0.quantity`). `edit` is
    the address at which this value is edited alone, where it is read. What is `private` is not kept in the
    browser; what happened `ago` is told in lists by how long ago; why a `computed` one has its value is told on a
    page of its own. A `hidden` one waits for what is typed elsewhere to show it, and whether a `conditional` one
    is required may change likewise. The last group of attributes belongs to some kinds only.
    """

    name: str
    label: str
    kind: str
    value: object = None
    required: bool = False
    help: str = ""
    error: str = ""
    readonly: bool = False
    reason: str = ""
    wide: bool | None = None
    autofocus: bool = False
    autocomplete: str = ""
    placeholder: str = ""
    edit: str = ""
    private: bool = False
    ago: bool = False
    computed: bool = False
    hidden: bool = False
    conditional: bool = False

    options: tuple[Option, ...] = ()  # select, multi_select, tags (suggestions)
    listed: tuple[Option, ...] = ()  # line, area: the options whose keys a computed text lists
    max_length: int | None = None  # line, area, email, phone, url
    currencies: tuple[str, ...] = ()  # money; one alone fixes the currency
    currency: str = ""  # money; what a new amount starts with
    stars: int = 5  # rating
    many: bool = False  # file, image
    accept: str = ""  # file, image
    lookup: Lookup | None = None  # lookup
    children: Children | None = None  # rows

    @property
    def slug(self) -> str:
        """The name as a part of ids."""
        return self.name.replace(".", "-")

    @property
    def id(self) -> str:
        """The id of its first input, where a link in the summary of errors leads."""
        return f"f-{self.slug}"

    @property
    def described_by(self) -> str:
        """The ids of its help and error."""
        return " ".join([f"h-{self.slug}"] * bool(self.help) + [f"e-{self.slug}"] * bool(self.error))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read."""
        return self.value in EMPTY

    def told(self, value: object) -> object:
        """The text as people read it: keys of options that are listed in it by their labels, in the order of these."""
        if not self.listed or not isinstance(value, str):
            return value
        labels = {option.value: option.label for option in self.listed}
        keys = [key for key in value.split(", ") if key != MORE]
        texts = sorted((labels.get(key, key) for key in keys), key=fold)
        return ", ".join([*texts, MORE] if value.endswith(MORE) else texts)

    def option(self, value: object) -> Option:
        """The option of that value; a value that is no longer offered stands for itself."""
        found = (option for option in self.options if option.value == str(value))
        return next(found, Option(str(value), str(value)))


@dataclass(frozen=True, slots=True)
class ChildRow:
    """One row of a grid of owned children: cells in the order of the columns; a new row has no `id`.

    A blank one waits to be typed into; the browser shows one of those and makes more when asked.
    """

    index: int
    cells: tuple[Field, ...]
    id: str = ""
    error: str = ""
    removed: bool = False
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Children:
    """A grid of owned children: `columns` are nameless patterns of cells, `rows` the records and blank rows.

    `pattern` is the row that the "add" button copies; its index is `NEW`. `order` is the column of the numbers in
    whose order the rows stand.
    """

    columns: tuple[Field, ...]
    rows: tuple[ChildRow, ...] = ()
    pattern: ChildRow | None = None
    order: str = ""

    @property
    def next(self) -> int:
        """The first index that no row has."""
        return max((row.index for row in self.rows), default=-1) + 1


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list. `slot` is its place on a phone's card: title, fact, tag, figure or none.

    `sort_href` sorts by it when followed; `sorted` is ascending, descending or empty. `edited` says that its cells
    are edited where they stand, if their record lets this person. `unsorted` says why it does not sort.
    """

    field: Field
    sort_href: str = ""
    sorted: str = ""
    slot: str = ""
    edited: bool = False
    unsorted: str = ""


NEW = -1
BLANK_ROWS = 3
_SLOTS = {
    "fact": ("lookup",),
    "tag": ("select", "multi_select", "tags", "boolean"),
    "figure": ("money", "decimal", "number", "percent", "date", "datetime", "rating"),
}


def children_of(
    name: str,
    columns: tuple[Field, ...],
    records: Iterable[tuple[str, dict[str, object]]],
    blank: int = BLANK_ROWS,
) -> Children:
    """A grid with one row for each record (id and values by column name) and some blank ones to type into."""
    known = list(records) + [("", {})] * blank
    rows = tuple(_child_row(name, columns, i, id_, values) for i, (id_, values) in enumerate(known))
    return Children(columns, rows, _child_row(name, columns, NEW, "", {}))


def _child_row(
    name: str, columns: tuple[Field, ...], index: int, id_: str, values: dict[str, object]
) -> ChildRow:
    cells = (replace(c, name=f"{name}.{index}.{c.name}", value=values.get(c.name)) for c in columns)
    return ChildRow(index, tuple(cells), id_, blank=not id_ and not values)


def on_a_phone(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns with their places on a card: the first is its title, then what suits each place first."""
    free = dict(_SLOTS)
    placed: list[Column] = []
    for column in columns:
        fitting = (slot for slot, kinds in free.items() if column.field.kind in kinds)
        slot = next(fitting, "") if placed else "title"
        free.pop(slot, None)
        placed.append(replace(column, slot=slot))
    return tuple(placed)
