"""Collects what is wrong with one expression, and the names that it mentions, while it is checked."""

from __future__ import annotations

from collections.abc import Iterable

from xrm.errors import Place, Problem
from xrm.metadata.expressions.problems import place_of
from xrm.metadata.expressions.tree import Mention


class Report:
    """The problems and mentions of one expression, by offset in its text."""

    def __init__(self, text: str, place: Place) -> None:
        self._text, self._place = text, place
        self.problems: list[Problem] = []
        self.mentions: list[Mention] = []

    def add(self, code: str, message: str, hint: str, at: int) -> None:
        """One more thing is wrong, at that offset."""
        self.problems.append(Problem(code, message, hint, place_of(self._place, self._text, at)))

    def mention(self, entities: Iterable[str], name: str, at: int) -> None:
        """The attribute `name` of these entities stands at that offset."""
        self.mentions.extend(Mention(entity, name, at, len(name)) for entity in entities)
