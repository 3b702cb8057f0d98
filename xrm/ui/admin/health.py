"""Is the installation well? The examinations of `xrm doctor` on a page."""

from __future__ import annotations

from flask import Response

from xrm.engine.runtime.examination import Finding, examine, examine_settings
from xrm.ui.admin.skin import Area, shown
from xrm.ui.administration import Cell, Row, Table, TablePage
from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Empty
from xrm.ui.pages.answers import page
from xrm.ui.pages.menu import HEALTH, admin_tabs
from xrm.ui.pages.visit import Visit

ALL = "all"


class Health(Area):
    """`/admin/health`."""

    href = HEALTH

    @shown()
    def index(self, visit: Visit) -> Response:
        """What is found at a glance, or with `?all=1` by every examination; what is wrong stands first."""
        t, thorough = visit.ui.t, bool(visit.arg(ALL))
        found = (*examine_settings(visit.runtime.settings), *examine(visit.runtime, thorough=thorough))
        ordered = sorted(found, key=lambda finding: finding.is_well)
        columns = (t("What"), t("State"), t("What was found"), t("What helps"))
        table = Table(
            t("Health"), columns, tuple(_row(visit, f) for f in ordered), Empty(t("Nothing is wrong"))
        )
        ill = sum(not finding.is_well for finding in found)
        count = t("{count} things need attention", count=ill) if ill else t("Nothing is wrong")
        more = Action(t("Examine everything"), f"{HEALTH}?{ALL}=1", "stethoscope")
        note = "" if thorough else t("Tables, files and links are examined on request: that takes a while.")
        model = TablePage(
            t("Health"), "heart-pulse", admin_tabs(visit, HEALTH), table, note=note, count=count,
            actions=() if thorough else (more,),
        )  # fmt: skip
        return page(visit, "admin/table.html", model, current=HEALTH)


def _row(visit: Visit, finding: Finding) -> Row:
    t = visit.ui.t
    tag = Option("1", t("Fine"), "green") if finding.is_well else Option("0", t("Wrong"), "red")
    return Row(
        (
            Cell(_names(visit).get(finding.name, finding.name)),
            Cell(tags=(tag,)),
            Cell(finding.says),
            Cell(finding.remedy, is_plain=True),
        )
    )


def _names(visit: Visit) -> dict[str, str]:
    """What the examinations are called."""
    t = visit.ui.t
    return {
        "data folder": t("Data folder"),
        "secret key": t("Secret key"),
        "address": t("Address"),
        "database": t("Database"),
        "packs": t("Packs"),
        "definitions": t("Definitions"),
        "removed": t("What was removed"),
        "stamp": t("Stamp"),
        "queue": t("Queue"),
        "search index": t("Search index"),
        "core layer": t("Core layer"),
        "tables": t("Tables"),
        "administrator": t("Administrator"),
        "files": t("Files"),
        "unused files": t("Unused files"),
        "links": t("Links"),
        "computed": t("Computed values"),
        "clock": t("Clock"),
        "program": t("Program"),
    }
