"""The one place of the pages that lets HTML through: rich text and Markdown, cleaned again on the way out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt

from xrm.metadata.fieldtypes.text import clean_html

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, slots=True)
class Clean:
    """HTML of allowed tags only; templates ask for `__html__` and then do not escape."""

    text: str

    def __html__(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=512)
def rich_html(value: str) -> Clean:
    """The HTML of a rich text with allowed tags only."""
    return Clean(clean_html(value))


@lru_cache(maxsize=512)
def markdown_html(value: str) -> Clean:
    """A Markdown text as HTML with allowed tags only; HTML inside it is shown as it was typed."""
    return rich_html(_MARKDOWN.render(value))
