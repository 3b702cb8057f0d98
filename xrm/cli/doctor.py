"""xrm doctor: what is wrong here, and what helps."""

from __future__ import annotations

from pathlib import Path

import click

from xrm.cli.frame import REFUSED, data_option, json_option, opened, settings_for, verb
from xrm.cli.output import say, say_json
from xrm.errors import XrmError


@verb(
    "doctor", help="Examine the installation and say what is wrong with it. Changes nothing, unless told to."
)
@click.option(
    "--recompute", is_flag=True, help="First find every computed value anew, and keep what differs."
)
@data_option
@json_option
@click.pass_context
def command(ctx: click.Context, data: Path | None, as_json: bool, recompute: bool) -> None:
    """Every finding has been told; the exit code says whether all is well."""
    from xrm.engine.runtime.examination import Finding, examine, examine_settings

    findings = list(examine_settings(settings_for(data)))
    if all(finding.is_well for finding in findings if finding.name in ("data folder", "secret key")):
        try:
            with opened(data) as runtime:
                if recompute:
                    runtime.current().records.refill(runtime.installer)
                findings += examine(runtime)
        except XrmError as error:
            findings.append(Finding("database", error.first.message, error.first.hint or "Mend that first."))
    if as_json:
        say_json([{"name": f.name, "well": f.is_well, "says": f.says, "remedy": f.remedy} for f in findings])
    else:
        for finding in findings:
            say(f"{'ok ' if finding.is_well else 'BAD'}  {finding.name:15}{finding.says}")
            if finding.remedy:
                say(f"     {'':15}{finding.remedy}")
    if not all(finding.is_well for finding in findings):
        ctx.exit(REFUSED)
