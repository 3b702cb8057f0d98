"""axe-core over a page: every rule of WCAG 2.0 to 2.2 A and AA and of best practice, none left out."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

SCRIPT = next((Path(__file__).parent / "vendor").glob("axe-core-*.min.js"))
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What is right is counted, but not written out: the paths of thousands of elements take longer than the rules.
RUN = "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})"


def violations(page: Page) -> list[str]:
    """What axe finds wrong, one line for each element. The page's context must bypass the content rules."""
    page.add_script_tag(path=str(SCRIPT))
    found = page.evaluate(RUN, list(TAGS))
    return [
        f"{rule['id']}: {' '.join(node['target'])} {node['html'][:120]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
