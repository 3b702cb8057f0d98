"""The reference page of settings and limits says what the code says, and each of them has an effect."""

import re
from collections.abc import Iterable

from tests.support.project import ROOT
from xrm.settings import LimitFact, Limits, SettingFact, limit_table, setting_table

PAGE = ROOT / "docs" / "reference" / "settings.md"
HEAD = """# Settings and limits

A test compares this page with the code; `python3 dev.py test --update-golden tests/architecture` rewrites it.
How to set them is told in [Configure an installation](../how-to/configure.md).

## Settings

The name in the file is the variable without `XRM_`, in lower case. `XRM_CONFIG` names the file.

| variable | default | says |
|---|---|---|
"""
LIMITS = """
## Limits

Set by `XRM_LIMIT_` and the name in upper case, or under `[limits]` in the file. A refusal carries the code.

| code | name | default | at most | what it bounds |
|---|---|---|---|---|
"""
COMPUTED = {
    "database_url": "SQLite in the data folder",
    "secret_key": "made in the data folder",
    "base_url": "from host and port",
}


def test_the_page_lists_every_setting_and_every_limit(golden):
    settings = "".join(map(_setting, setting_table()))
    golden(PAGE, HEAD + settings + LIMITS + "".join(map(_limit, limit_table(Limits()))))


def test_every_setting_and_every_limit_is_read_by_the_code():
    """One that is read by nothing promises what does not happen, as a word of a definition would."""
    code = "".join(_code())
    names = [fact.name for fact in (*setting_table(), *limit_table(Limits()))]
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []


def _code() -> Iterable[str]:
    modules = (ROOT / "xrm").rglob("*.py")
    return (path.read_text(encoding="utf-8") for path in modules if path.name != "settings.py")


def _setting(fact: SettingFact) -> str:
    default = COMPUTED.get(fact.name) or (f"`{fact.default}`" if fact.default else "none")
    return f"| `{fact.variable}` | {default} | {fact.says} |\n"


def _limit(fact: LimitFact) -> str:
    ceiling = f"{fact.ceiling:,}" if fact.ceiling else ""
    return f"| {fact.code} | `{fact.name}` | {fact.value:,} {fact.unit} | {ceiling} | {fact.says} |\n"
