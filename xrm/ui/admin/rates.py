"""Exchange rates: what is in force, those of one currency, and the ways to enter, import and apply them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response

from xrm.engine.runtime.exchange_rates import CURRENCY, DAY, PER_BASE, RATE_NAME, ROWS, ExchangeRate, read_day
from xrm.errors import Invalid, NotFound, Place, Problem, XrmError
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.iso import currencies
from xrm.ui.admin.forms import Values, answered
from xrm.ui.admin.planning import problems_card
from xrm.ui.admin.skin import Area, asked, posted, shown
from xrm.ui.admin.words import address, at
from xrm.ui.administration import Card, CardsPage, Cell, Row, Search, Table, TablePage, Upload
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, Empty, FormPage, Link, Section
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import RATES, USERS, admin_tabs
from xrm.ui.pages.visit import Visit

UNPROCESSABLE = 422
BEFORE = "before"


class Rates(Area):
    """`/admin/rates`."""

    href = RATES

    @shown()
    def index(self, visit: Visit) -> Response:
        """The rate in force of each currency, or all of one, the newest first."""
        t, rates, code = visit.ui.t, visit.runtime.rates, visit.arg("f.currency")
        before = _day_in(visit.arg(BEFORE))
        found = rates.newest(visit.actor, code, before) if code else rates.in_force(visit.actor)
        after = {"f.currency": code, BEFORE: found[-1].day.isoformat()} if len(found) == ROWS else {}
        columns = (
            t("Currency"),
            t("Worth in {base}", base=rates.base),
            t("From"),
            t("Entered by"),
            t("Entered"),
        )
        names = visit.runtime.overview.names(visit.actor, [r.actor for r in found if r.actor])
        rows = tuple(_row(visit, rate, names.get(str(rate.actor), "")) for rate in found)
        table = Table(
            t("Exchange rates"), columns, rows, _empty(visit), address(RATES, **after) if after else ""
        )
        options = tuple(Option(each, _name(visit, each)) for each in rates.known())
        filters = (Field("currency", t("Currency"), "select", code, options=options),)
        note = t(
            "The base currency is {base}. A new rate changes nothing that is stored.",
            base=_name(visit, rates.base),
        )
        model = TablePage(
            t("Exchange rates"), "coins", admin_tabs(visit, RATES), table,
            Search(RATES, filters=filters, reset_href=RATES if code else ""), note, actions=_ways(visit),
        )  # fmt: skip
        return page(visit, "admin/table.html", model, current=RATES)

    @asked("/new")
    def new(self, visit: Visit) -> Response:
        """Asks for a rate, which is known then."""

        def put(values: Values) -> Response:
            row = {CURRENCY: values[CURRENCY], DAY: values[DAY], values["said"]: values[RATE_NAME]}
            _placed(lambda: visit.runtime.rates.put(visit.actor, [row]))
            return moved(
                address(RATES, **{"f.currency": str(values[CURRENCY])}), visit.ui.t("The rate is saved")
            )

        return answered(visit, _form(visit), RATES, put)

    @posted("/remove")
    def remove(self, visit: Visit) -> Response:
        """The rate is not there any more."""
        code, day = visit.form.get(CURRENCY, ""), _day_in(visit.form.get(DAY, ""))
        if day is None:
            raise NotFound(Problem("R104", "There is no such rate."))
        visit.runtime.rates.remove(visit.actor, code, day)
        return moved(address(RATES, **{"f.currency": code}), visit.ui.t("The rate is removed"))

    @shown("/import")
    def choose(self, visit: Visit) -> Response:
        """Asks for a file of rates."""
        return _import_page(visit)

    @posted("/import")
    def bring(self, visit: Visit) -> Response:
        """The rates of the file are known, or the file is refused with every row."""
        given = visit.files.get("file")
        if given is None or not given.filename:
            return _import_page(visit, error=visit.ui.t("Choose a file."))
        try:
            rates = visit.runtime.rates.import_file(visit.actor, given.stream)
        except XrmError as error:
            return _import_page(visit, error.problems)
        return moved(RATES, visit.ui.t("{count} rates are saved", count=len(rates)))

    @asked("/revalue")
    def revalue(self, visit: Visit) -> Response:
        """Asks whose amounts are to be revalued, and begins with it."""

        def start(values: Values) -> Response:
            said = str(values[DAY] or "")
            job = visit.runtime.revaluing.start(visit.actor, str(values["entity"]), _day_in(said))
            return moved(f"/r/{values['entity']}/jobs/{job.id}")

        return answered(visit, _revaluation(visit), RATES, start)


def _placed(put: Any) -> None:
    """What is refused of the one rate stands at its control."""
    try:
        put()
    except Invalid as refused:
        problems = [
            p.at(Place(path=p.where.path.removeprefix("[0].") or RATE_NAME)) for p in refused.problems
        ]
        raise Invalid(problems) from None


def _day_in(text: str) -> date | None:
    try:
        return read_day(text) if text else None
    except BadValue:
        return None


def _ways(visit: Visit) -> tuple[Action, ...]:
    t = visit.ui.t
    return (
        Action(t("Revalue"), f"{RATES}/revalue", "refresh-cw"),
        Action(t("Import rates"), f"{RATES}/import", "upload"),
        Action(t("Add rate"), f"{RATES}/new", "plus", primary=True),
    )


def _empty(visit: Visit) -> Empty:
    t, base = visit.ui.t, visit.runtime.rates.base
    about = t("Without a rate, amounts in another currency than {base} are refused.", base=base)
    return Empty(t("No exchange rates yet"), about, "coins", _ways(visit)[-1])


def _name(visit: Visit, code: str) -> str:
    return f"{code} · {visit.ui.currency(code)}"


def _row(visit: Visit, rate: ExchangeRate, who: str) -> Row:
    t, code = visit.ui.t, rate.currency
    values = {CURRENCY: code, DAY: rate.day.isoformat()}
    cells = (
        Cell(code, address(RATES, **{"f.currency": code}), note=visit.ui.currency(code)),
        Cell(visit.ui.number(rate.text)),
        Cell(visit.ui.date(rate.day.isoformat())),
        Cell(who, f"{USERS}/{rate.actor}") if who else Cell(t("The system")),
        at(rate.at),
    )
    remove = Action(t("Remove"), f"{RATES}/remove", "trash-2", post=True, danger=True, values=values)
    return Row(cells, (remove,))


def _crumbs(visit: Visit) -> tuple[Link, ...]:
    return (Link(visit.ui.t("Exchange rates"), RATES, "coins"),)


def _form(visit: Visit) -> FormPage:
    t, base = visit.ui.t, visit.runtime.rates.base
    options = tuple(Option(code, _name(visit, code)) for code in sorted(currencies() - {base}))
    ways = (
        Option(RATE_NAME, t("{base} for one of the currency", base=base)),
        Option(PER_BASE, t("Of the currency for one {base}", base=base)),
    )
    fields = (
        Field(CURRENCY, t("Currency"), "select", visit.arg(CURRENCY), required=True, options=options),
        Field(RATE_NAME, t("Rate"), "decimal", required=True, help=t("Kept with eight decimals.")),
        Field("said", t("The rate says"), "select", RATE_NAME, required=True, options=ways),
        Field(DAY, t("From"), "date", visit.runtime.rates.today().isoformat(), required=True),
    )
    return FormPage(
        t("Add rate"), f"{RATES}/new", t("Add rate"), RATES, (Section("", fields),), _crumbs(visit)
    )


def _revaluation(visit: Visit) -> FormPage:
    t = visit.ui.t
    entities = ((name, visit.model.entities[name]) for name in visit.runtime.revaluing.entities())
    options = tuple(Option(name, visit.plural(entity)) for name, entity in entities)
    text = t("Empty: each amount by the date that its field names, or by today.")
    fields = (
        Field("entity", t("Records"), "select", visit.arg("entity"), required=True, options=options),
        Field(DAY, t("By the rates of"), "date", visit.runtime.rates.today().isoformat(), help=text),
    )
    about = t(
        "What amounts in other currencies are worth is found anew; history tells it, and totals follow."
    )
    section = Section("", fields, about)
    return FormPage(t("Revalue"), f"{RATES}/revalue", t("Revalue"), RATES, (section,), _crumbs(visit))


def _import_page(visit: Visit, problems: Any = (), error: str = "") -> Response:
    t = visit.ui.t
    if problems:
        error = t("Nothing was saved: what is wrong stands below.")
    help_ = t(
        "The first row names the columns: currency, day, rate. A column per_base holds the opposite of rate."
    )
    action = f"{RATES}/import"
    upload = Upload(action, t("CSV file"), t("Import rates"), ".csv,text/csv", help_, error)
    card = Card(
        t("Import rates"), "upload", note=t("Rates of days that are known are replaced."), upload=upload
    )
    cards = (card, problems_card(visit, problems)) if problems else (card,)
    model = CardsPage(t("Import rates"), _crumbs(visit), cards)
    return page(visit, "admin/cards.html", model, status=UNPROCESSABLE if error else 200, current=RATES)
