"""xrm rate: exchange rates, and what stored amounts are worth by them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from xrm.cli.frame import Group, data_option, json_option, opened
from xrm.cli.output import say, say_json, show_table
from xrm.engine.runtime.exchange_rates import CURRENCY, DAY, PER_BASE, RATE_NAME, ExchangeRate

_ON = click.DateTime(["%Y-%m-%d"])


@click.group("rate", cls=Group, help="Manage exchange rates, and revalue amounts by them.")
def command() -> None:
    """A word about rates follows."""


@command.command("list", help="List the rates in force, or all of a currency.")
@click.argument("currency", default="")
@data_option
@json_option
def list_(currency: str, data: Path | None, as_json: bool) -> None:
    """The rates have been told, the newest first."""
    with opened(data) as runtime:
        rates, actor = runtime.rates, runtime.installer
        found = rates.newest(actor, currency.upper()) if currency else rates.in_force(actor)
        base = rates.base
    if as_json:
        say_json([_told(rate) for rate in found])
        return
    show_table(("currency", "from", f"worth in {base}"), [(r.currency, r.day, r.text) for r in found])


@command.command("set", help="Enter the rate of a currency from a day on, today if none is named.")
@click.argument("currency")
@click.argument("rate")
@click.option("--from", "day", metavar="DAY", type=_ON, help="The day from which on it counts.")
@click.option("--per-base", is_flag=True, help="The rate says how many of the currency one of the base is.")
@data_option
@json_option
def set_(
    currency: str, rate: str, day: datetime | None, per_base: bool, data: Path | None, as_json: bool
) -> None:
    """The rate is known."""
    with opened(data) as runtime:
        since = day.date() if day else runtime.rates.today()
        row = {CURRENCY: currency, DAY: since.isoformat(), PER_BASE if per_base else RATE_NAME: rate}
        [kept] = runtime.rates.put(runtime.installer, [row])
        base = runtime.rates.base
    if as_json:
        say_json(_told(kept))
    else:
        say(f"From {kept.day} on, 1 {kept.currency} is worth {kept.text} {base}.")


@command.command(
    "import", help="Enter the rates of a CSV file with the columns currency, day, rate (or per_base)."
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
@json_option
def import_(file: Path, data: Path | None, as_json: bool) -> None:
    """All rates of the file are known, or none."""
    with opened(data) as runtime, file.open("rb") as source:
        count = len(runtime.rates.import_file(runtime.installer, source))
    if as_json:
        say_json({"rates": count})
    else:
        say(f"{count} rates are known.")


@command.command("remove", help="Take out the rate of a currency from a day on.")
@click.argument("currency")
@click.argument("day", metavar="DAY", type=_ON)
@data_option
@json_option
def remove(currency: str, day: datetime, data: Path | None, as_json: bool) -> None:
    """The rate is not there any more; what was written by it stays as it is."""
    with opened(data) as runtime:
        runtime.rates.remove(runtime.installer, currency.upper(), day.date())
    if as_json:
        say_json({"removed": True})
    else:
        say("Removed.")


@command.command("revalue", help="Revalue the amounts of an entity's records by the rates of a day.")
@click.argument("entity")
@click.option(
    "--on",
    "day",
    metavar="DAY",
    type=_ON,
    help="The day; else each by the date that its field names, or by today.",
)
@data_option
@json_option
def revalue(entity: str, day: datetime | None, data: Path | None, as_json: bool) -> None:
    """The amounts are worth what the rates say; records that cannot be changed are told."""
    with opened(data) as runtime:
        wanted: date | None = day.date() if day else None
        job = runtime.revaluing.start(runtime.installer, entity, wanted, here=True)
    result = {word: job.result.get(word, 0) for word in ("updated", "unchanged", "failed")}
    if as_json:
        say_json({**result, "problems": job.result.get("problems", [])})
        return
    say(", ".join(f"{count} {word}" for word, count in result.items()))
    rows = [(p["row"], p["path"], p["message"]) for p in job.result.get("problems", [])]
    if rows:
        show_table(("record", "field", "why not"), rows)


def _told(rate: ExchangeRate) -> dict[str, str]:
    return {"currency": rate.currency, "day": rate.day.isoformat(), "rate": rate.text}
