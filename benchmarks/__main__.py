"""python -m benchmarks run|pages|feel|report: measure the API, the pages or their hands, and show what was measured."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path

from benchmarks import feel, pages
from benchmarks.measure import Plan, measured
from benchmarks.operations import OPERATIONS
from benchmarks.report import report

MOST_ROWS = 1_000_000
RESULT = Path("benchmark.json")


def main(arguments: list[str] | None = None) -> int:
    """The verb is done."""
    given = _parser().parse_args(arguments)
    if given.verb == "report":
        print(report(json.loads(given.result.read_text(encoding="utf-8"))))
        return 0
    if given.verb == "pages":
        print(pages.table(pages.measured(given.database or "sqlite", given.rows or 2000, _tell)))
        return 0
    if given.verb == "feel":
        times = given.times or feel.TIMES
        print(feel.table(feel.measured(given.database or "sqlite", given.rows or 2000, times, _tell)))
        return 0
    asked = {f.name: getattr(given, f.name) for f in fields(Plan)}
    plan = Plan(**{name: value for name, value in asked.items() if value is not None})
    result = measured(plan, _tell)
    given.result.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(report(result))
    return 0


def _tell(line: str) -> None:
    print(f"... {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("verb", choices=("run", "pages", "feel", "report"))
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--rows", type=_within(1, MOST_ROWS), help="how many deals or opportunities (2000)")
    parser.add_argument("--imported", type=_within(1, MOST_ROWS), help="how many rows are imported (2000)")
    parser.add_argument("--seconds", type=float, help="of each operation in each round (0.5)")
    parser.add_argument("--rounds", type=_within(1, 50), help="how often each operation is measured (3)")
    parser.add_argument("--times", type=_within(1, 10_000), help="how often each act at a page is done (40)")
    parser.add_argument("--connections", type=_within(1, 64), help="how many requests at a time (8)")
    parser.add_argument("--operations", type=_names, help="names separated by commas; else all")
    parser.add_argument("--without-once", dest="once", action="store_false", help="requests only")
    parser.add_argument("--result", type=Path, default=RESULT, help="the file of the result (benchmark.json)")
    return parser


def _within(least: int, most: int):  # type of an argument
    def read(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from {least} to {most}")
        return value

    return read


def _names(text: str) -> tuple[str, ...]:
    known = {operation.name for operation in OPERATIONS}
    chosen = tuple(text.split(","))
    if not set(chosen) <= known:
        raise argparse.ArgumentTypeError(f"choose from {', '.join(sorted(known))}")
    return chosen


if __name__ == "__main__":
    raise SystemExit(main())
