"""Collects what is wrong with one expression, and the names that it mentions, while it is checked."""

from __future__ import annotations

from collections.abc import Iterable

from xrm.errors import Place, Problem
from xrm.metadata.expressions.problems import place_of
from xrm.metadata.expressions.tree import FormerName, Mention


class Report:
    """The problems and mentions of one expression, by offset in its text."""

    def __init__(self, text: str, place: Place) -> None:
        self._text, self._place = text, place
        self.problems: list[Problem] = []
        self.mentions: list[Mention] = []
        self.former: list[FormerName] = []

    def add(self, code: str, message: str, hint: str, at: int) -> None:
        """One more thing is wrong, at that offset."""
        self.problems.append(Problem(code, message, hint, place_of(self._place, self._text, at)))

    def mention(self, entities: Iterable[str], written: str, name: str, at: int) -> None:
        """The attribute `name` of these entities stands at that offset, called as it is `written`."""
        entities = tuple(entities)
        self.mentions.extend(Mention(entity, name, at, len(written)) for entity in entities)
        self.renamed(written, name, " and ".join(entities), at)

    def renamed(self, written: str, present: str, of: str, at: int) -> None:
        """What is written at that offset has another name now, if it has."""
        if written != present:
            self.former.append(FormerName(at, written, present, of))

    def renamed_option(self, written: str, present: str, at: int) -> None:
        """The option is written in quotes at that offset, or behind it as an item of the list that begins there."""
        ends = [found.offset + len(found.former) for found in self.former if found.offset >= at]
        quoted = (f"{quote}{written}{quote}" for quote in "\"'")
        found = [self._text.find(word, max([at, *ends])) for word in quoted]
        where = min((place + 1 for place in found if place >= 0), default=at)
        self.renamed(written, present, "", where)
