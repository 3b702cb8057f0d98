"""The one place of the pages that marks text as HTML: rich text and Markdown, cleaned again on the way out."""

from __future__ import annotations

from functools import lru_cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from xrm.metadata.fieldtypes.text import clean_html

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@lru_cache(maxsize=512)
def rich_html(value: str) -> Markup:
    """The HTML of a rich text with allowed tags only."""
    return Markup(clean_html(value))


@lru_cache(maxsize=512)
def markdown_html(value: str) -> Markup:
    """A Markdown text as HTML with allowed tags only; HTML inside it is shown as it was typed."""
    return rich_html(_MARKDOWN.render(value))
