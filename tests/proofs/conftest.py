"""What the proofs measured is told at the end of the run, whether they passed or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Tell = Callable[..., None]


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """`tell(kills=3, lost=0)`: these figures stand in the summary under the name of the test."""

    def keep(**figures: object) -> None:
        request.node.user_properties.extend(figures.items())

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line per proof with its figures."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ())]
    told = [r for r in reports if r.when == "call" and "tests/proofs/" in r.nodeid and r.user_properties]
    if told:
        terminalreporter.section("figures of the proofs")
    for report in told:
        figures = ", ".join(f"{name} {value}" for name, value in report.user_properties)
        terminalreporter.line(f"{report.nodeid.rpartition('::')[2]}: {figures}")
