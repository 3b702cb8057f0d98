"""The keys of the pages: the one list of what each does, and the letters that lead to entities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask import Response

from xrm.ui.around import Key, KeysPage
from xrm.ui.pages.answers import page, part
from xrm.ui.pages.menu import letters, menu_groups
from xrm.ui.pages.visit import Visit


def show(visit: Visit) -> Response:
    """`GET /help/keys`: every key and what it does, as a page or for the dialog of a page."""
    model = KeysPage(visit.ui.t("Keys"), tuple(_groups(visit)))
    if visit.fragment:
        return part(visit, "_keys.html", page=model)
    return page(visit, "keys.html", model)


def _groups(visit: Visit) -> Iterator[tuple[str, tuple[Key, ...]]]:
    t = visit.ui.t
    yield (
        t("Everywhere"),
        (
            Key(("Ctrl", "K"), t("Search, go somewhere, do something")),
            Key((">",), t("In the palette: commands only")),
            Key(("/",), t("To the search box of the page")),
            Key(("?",), t("Show the keys")),
            Key(("Esc",), t("Close what is open")),
            Key(("Alt", "↑", "↓"), t("In the menu: a favourite up or down")),
        ),
    )
    yield t("Go to, after G"), tuple(_going(visit))
    yield t("In a list"), tuple(_in_lists(visit))
    yield (
        t("While a value is edited"),
        (
            Key(("Enter",), t("Save")),
            Key(("Tab",), t("Save, and on to the next")),
            Key(("Esc",), t("As it was")),
            Key(("Ctrl", "Z"), t("Take back what was saved last")),
            Key(("Ctrl", "Shift", "Z"), t("Bring it about again")),
        ),
    )
    yield t("On a board"), (Key(("M",), t("Move the card")),)
    yield (
        t("In a form"),
        (
            Key(("Ctrl", "Enter"), t("Save")),
            Key(("Ctrl", "Shift", "Enter"), t("Save and new")),
            Key(("Enter",), t("In rows: down, and on to a new row")),
            Key(("Tab",), t("In rows: to the next cell, and on to a new row")),
            Key(("Alt", "↑", "↓"), t("In numbered rows: the row up or down")),
        ),
    )
    yield (
        t("In a comment"),
        (
            Key(("@",), t("Mention somebody")),
            Key(("Ctrl", "Enter"), t("Add comment")),
        ),
    )


def _in_lists(visit: Visit) -> Iterator[Key]:
    t = visit.ui.t
    yield Key(("J", "K"), t("To the next or previous row"))
    yield Key(("←", "→"), t("To the cell beside"))
    yield Key(("Enter",), t("Open the record, or edit the cell"))
    yield Key(("F2",), t("Edit a value"))
    yield Key(("Space",), t("Look at the record beside the list"))
    yield Key(("O",), t("Open what is looked at"))
    yield Key(("X",), t("Select the row"))
    yield Key(("Shift", "X"), t("Select up to this row"))
    yield Key(("A",), t("Assign what is selected"))
    yield Key(("E",), t("Set a field of what is selected"))
    yield Key(("Del",), t("Delete what is selected"))


def _going(visit: Visit) -> Iterator[Key]:
    entities = [e for group in menu_groups(visit) for e in group.entities]
    known = letters(entities)
    yield Key(("G", "H"), visit.ui.t("Home"))
    found: Iterable[Key] = (
        Key(("G", known[e.name].upper()), visit.plural(e)) for e in entities if e.name in known
    )
    yield from found
