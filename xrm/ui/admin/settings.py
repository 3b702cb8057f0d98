"""Settings of packs: what they are, a form for those of one pack, and the plan of what was filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Response

from xrm.engine.packs import Installed, Revision
from xrm.errors import NotFound, Problem, XrmError
from xrm.metadata.expressions.working import NoCalendar, read_calendar
from xrm.metadata.setting_values import CALENDAR, CHOICE, Setting, followers
from xrm.ui.admin.forms import Values, answered
from xrm.ui.admin.planning import (
    Door,
    Foreseen,
    Settled,
    carried_out,
    first_cards,
    foreseen,
    plan_cards,
    plan_page,
)
from xrm.ui.admin.skin import Area, asked, posted, shown
from xrm.ui.admin.words import pack_label
from xrm.ui.administration import Card, CardsPage, Cell, Row, Shift, Table, TablePage
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, Empty, FormPage, Link, Section
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import SETTINGS, VERSIONS, admin_tabs
from xrm.ui.pages.visit import Visit

RESET = "reset"
_CONTROLS: Mapping[str, str] = {
    "text": "line", "integer": "number", "decimal": "decimal", "boolean": "boolean", "date": "date", CHOICE: "select",
    CALENDAR: "area",
}  # fmt: skip


class Settings(Area):
    """`/admin/settings`."""

    href = SETTINGS

    @shown()
    def index(self, visit: Visit) -> Response:
        """Every setting with its value, and that of its pack."""
        return page(visit, "admin/table.html", _index(visit), current=SETTINGS)

    @asked("/<pack>")
    def edit(self, visit: Visit, pack: str) -> Response:
        """A form with the settings of one pack; what is filled in is shown as a plan first."""
        known = _known(visit, pack)

        def do(values: Values) -> Response:
            given = dict(_given(known, values))
            if not given:
                return moved(SETTINGS, visit.ui.t("Nothing is other than it was"))
            visit.runtime.pack_settings.revision(visit.actor, visit.model, given)
            return moved(_address(pack, "plan", given))

        return answered(visit, _form(visit, pack, known), SETTINGS, do)

    @shown("/<pack>/plan")
    def plan(self, visit: Visit, pack: str) -> Response:
        """What the values in the address would change."""
        return _planned(_asked(visit, pack), Settled(), None)

    @posted("/<pack>/apply")
    def apply(self, visit: Visit, pack: str) -> Response:
        """The values hold for everybody, as their plan was shown; or what stands against it is shown."""
        wanted = _asked(visit, pack)
        return carried_out(visit, wanted.revision, partial(_planned, wanted), partial(_done, wanted))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Other values for settings of one pack, None for that of the pack."""

    visit: Visit
    pack: str
    known: tuple[Setting, ...]
    values: Mapping[str, Any]

    def revision(self) -> Revision:
        """What it comes to."""
        return self.visit.runtime.pack_settings.revision(self.visit.actor, self.visit.model, self.values)


def _known(visit: Visit, pack: str) -> tuple[Setting, ...]:
    """The settings of the pack; raises NotFound where it has none."""
    found = visit.runtime.pack_settings.list(visit.actor, visit.model)
    chosen = tuple(setting for setting in found if setting.pack == pack)
    if not chosen:
        raise NotFound(Problem("R104", "There is no pack with settings of that name."))
    return chosen


def _asked(visit: Visit, pack: str) -> _Asked:
    """What the address says, as far as there are settings of that name."""
    known, back = _known(visit, pack), visit.args.get(RESET, ())
    given = {s.name: _read(s.kind, visit.arg(s.name)) for s in known if s.name in visit.args}
    return _Asked(visit, pack, known, {**given, **{s.name: None for s in known if s.name in back}})


def _address(pack: str, step: str, values: Mapping[str, Any]) -> str:
    said = [(RESET, name) if value is None else (name, _said(value)) for name, value in values.items()]
    return f"{SETTINGS}/{pack}/{step}?{urlencode(said)}"


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(kind: str, said: str) -> Any:
    """The text of an address as a value of the kind; as it is where it is none, which the setting then refuses."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(said, said)
    if kind in ("integer", "decimal"):
        with suppress(ValueError, InvalidOperation):
            return int(said) if kind == "integer" else Decimal(said)
    if kind == CALENDAR:
        with suppress(NoCalendar):
            return read_calendar(said)
    return said


# --- all of them ------------------------------------------------------------------------------------


def _index(visit: Visit) -> TablePage:
    t, known = visit.ui.t, visit.runtime.pack_settings.list(visit.actor, visit.model)
    columns = (t("Setting"), t("Value"), t("Default"), t("Pack"), t("In expressions"))
    empty = Empty(t("No pack has settings"), "", "sliders-horizontal")
    table = Table(t("Settings"), columns, tuple(_row(visit, one) for one in known), empty)
    note = t(
        "Everybody works with another value at once, and computed values that follow from it are found anew."
    )
    return TablePage(
        t("Settings"), "sliders-horizontal", admin_tabs(visit, SETTINGS), table, note=note,
        count=t("{count} settings", count=len(known)),
    )  # fmt: skip


def _row(visit: Visit, setting: Setting) -> Row:
    t, href = visit.ui.t, f"{SETTINGS}/{setting.pack}"
    changed = (Option("changed", _text(visit, setting, setting.value), "amber"),)
    value = Cell(tags=changed) if setting.is_changed else Cell(_text(visit, setting, setting.value))
    acts = [Action(t("Change"), f"{href}#f-{setting.name}", "pencil")]
    if setting.is_changed:
        acts.append(Action(t("Reset"), _address(setting.pack, "plan", {setting.name: None}), "undo-2"))
    return Row(
        (
            Cell(visit.text(setting.label, setting.name), href, note=visit.text(setting.help)),
            value,
            Cell(_text(visit, setting, setting.usual)),
            Cell(pack_label(visit, setting.pack)),
            Cell(f"settings.{setting.name}", code=True),
        ),
        tuple(acts),
    )


def _text(visit: Visit, setting: Setting, value: Any) -> str:
    """The value as this person reads it."""
    if isinstance(value, bool):
        return visit.ui.t("Yes") if value else visit.ui.t("No")
    if setting.kind == "date":
        return visit.ui.date(value.isoformat())
    if setting.kind in ("integer", "decimal"):
        return visit.ui.number(value)
    if setting.kind == CALENDAR:
        return _calendar(visit, str(value))
    return visit.text(setting.options[value], value) if setting.kind == CHOICE else str(value)


def _calendar(visit: Visit, value: str) -> str:
    week, *holidays = value.split(" ")
    days = visit.ui.weekdays(map(int, week))
    return visit.ui.t("{days}; holidays: {count}", days=days, count=len(holidays)) if holidays else days


# --- those of one pack ------------------------------------------------------------------------------


def _form(visit: Visit, pack: str, known: tuple[Setting, ...]) -> FormPage:
    t, label = visit.ui.t, pack_label(visit, pack)
    return FormPage(
        title=label,
        action=f"{SETTINGS}/{pack}",
        submit=t("Look at the plan"),
        cancel_href=SETTINGS,
        sections=(Section("", tuple(_input(visit, one) for one in known)),),
        crumbs=(Link(t("Settings"), SETTINGS, "sliders-horizontal"),),
    )


def _input(visit: Visit, setting: Setting) -> Field:
    options = tuple(Option(key, visit.text(label, key)) for key, label in setting.options.items())
    about = visit.text(setting.help)
    usual = visit.ui.t("Default: {value}.", value=_text(visit, setting, setting.usual))
    return Field(
        setting.name, visit.text(setting.label, setting.name), _CONTROLS[setting.kind], _shown(setting),
        required=setting.kind != "boolean", options=options, help=f"{about} {usual}".strip(),
    )  # fmt: skip


def _shown(setting: Setting) -> Any:
    """The value in the form in which controls have it."""
    value = setting.value.replace(" ", "\n") if setting.kind == CALENDAR else setting.value
    return value if isinstance(value, bool | int | str) else str(value)


def _given(known: tuple[Setting, ...], values: Values) -> Iterator[tuple[str, Any]]:
    """What was filled in otherwise than it is; None where it is as the pack has it."""
    for setting in known:
        typed = values[setting.name]
        said = _said(bool(typed) if setting.kind == "boolean" else typed)
        if setting.kind == CALENDAR and _read(CALENDAR, said) == setting.value:
            continue
        if said != _said(_shown(setting)):
            read = _read(setting.kind, said)
            yield setting.name, None if _is_usual(setting, read) else read


def _is_usual(setting: Setting, read: Any) -> bool:
    return bool(read == setting.usual or str(read) == str(setting.usual))


# --- the plan ---------------------------------------------------------------------------------------


def _planned(wanted: _Asked, settled: Settled, error: XrmError | None) -> Response:
    visit, t = wanted.visit, wanted.visit.ui.t
    found, label = foreseen(visit, wanted.revision, settled, error), pack_label(visit, wanted.pack)
    model = CardsPage(
        title=t("Change settings"),
        crumbs=(
            Link(t("Settings"), SETTINGS, "sliders-horizontal"),
            Link(label, f"{SETTINGS}/{wanted.pack}"),
        ),
        cards=tuple(_cards(wanted, found)),
        facts=(label,),
    )
    return plan_page(visit, model, error, SETTINGS)


def _done(wanted: _Asked, _installed: Installed) -> Response:
    return moved(SETTINGS, wanted.visit.ui.t("Changed: everybody works with it now"))


def _cards(wanted: _Asked, found: Foreseen) -> Iterator[Card]:
    t, follow = wanted.visit.ui.t, _follow(wanted)
    action = _address(wanted.pack, "apply", wanted.values)
    label = t("Change {count} settings", count=len(wanted.values))
    page = _address(wanted.pack, "plan", wanted.values)
    yield from first_cards(wanted.visit, found, Door(page, action, label, label, "check", follows=follow))
    yield Card(t("What changes"), "pencil", shifts=tuple(_shifts(wanted)), id="changes", aside=True)
    if found.proposal is not None and not found.proposal.plan.is_empty:
        yield from plan_cards(wanted.visit, found)
    versions = Action(t("Versions"), VERSIONS, "history")
    note = t("Each change makes a version, which tells who made it and when, and can be gone back to.")
    yield Card(t("Afterwards"), "history", note=note, actions=(versions,), id="afterwards", aside=True)


def _follow(wanted: _Asked) -> str:
    """Which computed values are found anew; empty if none are."""
    visit = wanted.visit
    parts = followers(visit.model, frozenset(wanted.values))
    named = (visit.model.entities[entity] for entity, _ in parts)
    fields = [
        f"{visit.label(entity)} › {visit.text(entity.fields[name].label, name)}"
        for entity, (_, name) in zip(named, parts, strict=True)
    ]
    return visit.ui.t("Found anew in every record: {fields}.", fields=", ".join(fields)) if fields else ""


def _shifts(wanted: _Asked) -> Iterator[Shift]:
    visit = wanted.visit
    for setting in wanted.known:
        if setting.name in wanted.values:
            value = wanted.values[setting.name]
            now = _new(visit, setting, setting.usual if value is None else value)
            yield Shift(visit.text(setting.label, setting.name), _text(visit, setting, setting.value), now)


def _new(visit: Visit, setting: Setting, value: Any) -> str:
    """The value that comes; as it was typed where it is none that the setting takes."""
    with suppress(KeyError, ValueError, ArithmeticError):
        is_day = setting.kind == "date" and isinstance(value, str)
        return _text(visit, setting, date.fromisoformat(value) if is_day else value)
    return str(value)
