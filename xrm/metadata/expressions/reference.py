"""The reference page of the expression language, printed from its own tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xrm.metadata.expressions.functions import AGGREGATES, FUNCTION_GROUPS, SPECIALS
from xrm.metadata.expressions.habits import ABSENT, HABITS
from xrm.metadata.expressions.problems import EXPRESSION_CODES, EXPRESSION_LIMITS
from xrm.metadata.expressions.scope import LEVELS

_HEAD = """# Expressions

Conditions, defaults, titles, rules, filters and row rules are written in one small language. An expression is
checked when it is loaded, against the model, and means the same in Python, SQLite, PostgreSQL and the browser.

This page is printed from the function table of the program.

## Writing

| | |
|---|---|
| Values | `12`, `0.5`, `"text"` or `'text'`, `true`, `false`, `empty`, `14 days`, `4h` |
| Durations | a whole number and `s`, `min` (or `m`), `h`, `days`, `weeks`; `1h + 30min` |
| Dates, instants, times, ids | as text beside such a field: `close_on >= "2026-01-31"`, `opens < "10:30"` |
| Fields | `amount`, `account.country`, `amount.currency`, `owner.manager.name` |
| Several targets | `complainant.name` if all share it with one type, else `(complainant as contact).email` |
| The record itself | `record`; where bare names belong to another, `record.` leads to the one in hand |
| The person | `me`, `my.teams`, `my.unit`, `my.units`, `my.contact` |
| Before the change | `old.stage`, `changed(stage)` (rules, guards and automations) |
| Compare | `==`, `!=`, `<`, `<=`, `>`, `>=`, `in ["a", "b"]`, `not in`, `"red" in colours` |
| Combine | `and`, `or`, `not`, `x if condition else y` |
| Calculate | `+`, `-`, `*`, `/`; `+` also puts texts together |

## Meaning

- **Empty.** An order comparison with an empty side is false. `==` is null-safe: two empty values are equal.
  `not` makes true of everything that is not true. Calculating with empty gives empty, and so does dividing by
  zero. `+` between texts takes an empty one for nothing at all. What is known of the person (`my.contact`)
  equals nothing when it is empty, not even an empty field.
- **Numbers** are exact. Products and quotients are rounded half away from zero to at most six decimals; a
  result of more than 18 digits is empty. Money counts by its base value, or by its amount where the field
  fixes the currency; a calculated amount is a plain number. Percent fields hold 10 for 10 %.
- **Text.** `==` is exact. `contains`, `starts_with`, `ends_with` and `same_text` do not see case and accents. Texts
  and choices have no order in conditions; lists sort them. Long texts can only be compared with `empty`.
  `position` and `replace` see case and accents. Places and lengths count characters, from 1. Nothing and an empty
  text are one thing; a text of more than 10,000 characters that `replace`, `repeat` or a `pad_` would make is empty.
- **Time.** Instants are UTC. `today()` and the zone of `date_of()`, `hour()` and `minute()` are the organisation's
  where values are stored, the reader's elsewhere. A date moves by whole days. Durations are whole seconds.
- **Functions** are empty with an empty argument unless they say otherwise, outside the years 1 to 9999, and beyond
  18 digits. Business days are Monday to Friday, or those of a calendar that is named: a setting of the type `calendar`,
  as `settings.business_days`, which every organisation has.
- **Records.** Records in the trash are not reached. Links with validity count while they hold today.
"""


def print_reference() -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEAD, *_functions(), *_habits(), *_rows(), *_limits(), *_codes()]) + "\n"


def _functions() -> Iterator[str]:
    yield "## Functions\n"
    yield "A test asks every example of Python, SQLite, PostgreSQL and a browser. What is in brackets may be left out."
    for name, functions in FUNCTION_GROUPS.items():
        yield f"\n### {name}\n"
        yield from _table(
            ("Function", "Gives", "Example", "Answer"),
            ((f"`{f.signature}`", f.summary, f"`{f.example}`", f"`{f.answer}`") for f in functions),
        )
    yield "\n## Day, instant, change and choice\n"
    yield from _table(
        ("Function", "Gives", "Example"),
        ((f"`{s.signature}`", s.summary, f"`{s.example}`") for s in SPECIALS.values()),
    )
    yield "\n## Over many records\n"
    yield "In every argument after the first, bare names belong to those records.\n"
    yield from _table(
        ("Function", "Gives", "Example"),
        ((f"`{s.signature}`", s.summary, f"`{s.example}`") for s in AGGREGATES.values()),
    )


def _habits() -> Iterator[str]:
    yield "\n## Known elsewhere as\n"
    yield "Whoever writes one of these names, in capitals or small letters, is told what to write here.\n"
    yield from _table(
        ("Elsewhere", "Here"), ((f"`{name.upper()}`", f"`{text}`") for name, text in sorted(HABITS.items()))
    )
    yield "\n## Left out\n"
    why: dict[str, list[str]] = {}
    for name, reason in ABSENT.items():
        why.setdefault(reason, []).append(f"`{name.upper()}`")
    yield from _table(
        ("Function", "Why, or what to write"), ((", ".join(n), text) for text, n in why.items())
    )


def _rows() -> Iterator[str]:
    yield "\n## Named levels of a grant's rows\n"
    yield from _table(("Level", "Means"), ((f"`{name}`", f"`{text}`") for name, text in LEVELS.items()))


def _limits() -> Iterator[str]:
    yield "\n## Limits of one expression\n"
    yield from _table(("What", "At most"), ((name, str(value)) for name, value in EXPRESSION_LIMITS.items()))


def _codes() -> Iterator[str]:
    yield "\n## Problems\n"
    yield from _table(("Code", "Says"), EXPRESSION_CODES.items())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
