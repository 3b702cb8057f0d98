"""The command line: one verb per file, loaded when it is called, so that help is quick."""

from __future__ import annotations

from collections.abc import Sequence

from click import version_option

from xrm.cli.frame import Verbs
from xrm.collector import collect_seldom

VERBS = {
    "init": "Make an installation: packs, an administrator, demo data if asked for.",
    "serve": "Serve pages and API until stopped.",
    "work": "Perform background jobs until stopped.",
    "check": "Check packs without installing them.",
    "plan": "Show how the database would change.",
    "apply": "Install packs or a customisation, or bring the tables up to date.",
    "model": "Export, compare and reset what this organisation changed; go back to a version.",
    "pack": "List and install packs.",
    "user": "Manage users.",
    "token": "Manage API tokens.",
    "rate": "Manage exchange rates, and revalue amounts by them.",
    "import": "Import records from a CSV file.",
    "export": "Write records to a file.",
    "backup": "Write everything into one archive.",
    "restore": "Bring a backup into an empty database.",
    "doctor": "Examine the installation and say what is wrong with it.",
    "explain": "Tell everything about an entity or a field.",
    "reference": "Print the reference: field types, functions, settings, commands.",
}

cli = version_option(package_name="xrm", message="xrm %(version)s")(
    Verbs(VERBS, name="xrm", help="Low-code platform for extreme relationship management.")
)


def main(arguments: Sequence[str] | None = None) -> None:
    """The verb has run and the process ends with 0 for done, 1 for refused or invalid, 2 for wrong use."""
    if arguments is None:  # the process is this verb's own
        collect_seldom()
    cli.main(args=None if arguments is None else list(arguments), prog_name="xrm")
