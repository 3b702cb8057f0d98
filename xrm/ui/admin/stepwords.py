"""Sentences of plans and versions as pages say them: without tables and columns, and in the language of the reader.

The engine says them in English, for command lines and in what is kept of versions. There is a closed set of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from xrm.ui.formatting import Reader

Say = Callable[[str], str]
_STORED: Final = (
    (re.compile(r"^customisation (?:comes in|has other content)\.$"), "The customisation changes."),
    (re.compile(r"^customisation goes out\.$"), "The customisation goes out."),
    (re.compile(r" \(\w+__\w+\)"), ""),
    (re.compile(r": (?:the table )?\w+ becomes [^.]+(?=\.)"), ""),
    (re.compile(r": column \w+"), ""),
    (re.compile(r": (?:drop )?(?:ix|uq)_\w+(?=\.)"), ""),
    (re.compile(r"^Drop the index \w+ of"), "Drop an index of"),
    (re.compile(r"(?<= a record of )\w+__(\w+)(?=\.)"), r"\1"),
)
_PARTS: Final = re.compile(r"(?<=\.) (?=[A-Z])")
_INDEXES: Final = re.compile(r"(?:Index|Drop the index|Drop indexes of|Name the indexes of) ")
_BRACED: Final = re.compile(r"{\w+}")
_NAME: Final = re.compile(r"\\{(\w+)\\}")


def without_tables(sentence: str) -> str:
    """What is said, without what only somebody at the database wants to know."""
    for pattern, instead in _STORED:
        sentence = pattern.sub(instead, sentence)
    return sentence


def is_of_indexes(sentence: str) -> bool:
    """Whether it is about indexes that only find: nobody who reads what changed has to know."""
    return _INDEXES.match(sentence) is not None


def in_words(ui: Reader, sentence: str) -> str:
    """The sentence, or each of several, for this person; one that is not known stays as it is."""
    said = without_tables(sentence)
    whole = _translated(ui, said)
    if whole is not None:
        return whole
    return " ".join(_translated(ui, part) or part for part in _PARTS.split(said))


def _translated(ui: Reader, sentence: str) -> str | None:
    for template, pattern in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            return ui.t(template, **found.groupdict())
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each sentence with what recognises it: what says more by itself stands before what is more general."""
    ordered = sorted(sentences(str), key=lambda text: -len(_BRACED.sub("", text)))
    return tuple((text, re.compile(_NAME.sub(r"(?P<\1>.+?)", re.escape(text)))) for text in ordered)


def sentences(t: Say) -> tuple[str, ...]:
    """Every sentence that there is, as `t` says it."""
    return (*_layers(t), *_tables(t), *_fields(t), *_relationships(t), *_decided(t), *_backs(t), *_edits(t))


def _layers(t: Say) -> tuple[str, ...]:
    return (
        t("The customisation changes."),
        t("The customisation goes out."),
        t("{pack} comes in."),
        t("{pack} has other content."),
        t("The setting {name} is {value}, and was {before}."),
        t("{pack} goes from {before} to {after}."),
        t("{pack} goes out."),
    )


def _tables(t: Say) -> tuple[str, ...]:
    return (
        t("Create the table of {thing}; what it held then can not come back."),
        t("Create the table of {thing}."),
        t("Create the search index."),
        t("Move {thing} from the pack {before} to {after}."),
        t("Remove {thing} with all its records; they are kept for {days} days."),
        t("Remove {thing} with its links; they are kept for {days} days."),
        t("Bring back {thing} with its records, which were removed on {day}."),
        t("Bring back {thing} with its records."),
        t("Bring back {thing} with its links, which were removed on {day}."),
        t("Bring back {thing} with its links."),
        t("Begin the lifecycle of {thing} for records that are in none of its states: {state}."),
        t("Make unique {what} of {thing}."),
        t("Index {what} of {thing}."),
        t("Drop an index of {thing}."),
        t("Demand no longer that {what} be unique among the records of {thing}."),
        t("Drop indexes of {thing} whose names stand for other columns now."),
        t("Name the indexes of {thing} as its columns are called."),
        t("Name what {thing} is held to as its columns are called."),
        t("Watch that {thing} points at a record of {other}."),
        t("Watch that {thing} holds one value at most."),
        t("Destroy the rows of {thing}, removed on {day}, for good."),
        t("Destroy the rows of {thing} for good."),
        t("Destroy the values of {thing}, removed on {day}, for good."),
        t("Destroy the values of {thing} for good."),
    )


def _fields(t: Say) -> tuple[str, ...]:
    return (
        t("Add the field {name}, filled in for the records that are there."),
        t("Add the field {name} to {thing}; what it held then can not come back."),
        t("Add the field {name} to {thing}."),
        t("Rename {before} to {after}."),
        t("Rename {thing}."),
        t("Remove {thing}; its values are kept for {days} days."),
        t("Bring back the values of {thing}, with what was changed since; the values of now are kept for {days} days."),
        t("Bring back {thing} so that its values fit; those that were removed are kept for {days} days."),
        t("Bring back {thing} with its values, which were removed on {day}."),
        t("Bring back {thing} with its values."),
        t("Fill in {thing} where a record has no value."),
        t("Turn {thing} from {before} into {after}; the values of now are kept for {days} days."),
        t("Change values of {thing} so that they fit; the values of now are kept for {days} days."),
        t("Move records of {thing} out of states that will be gone, without a step; the values of now are kept for {days} days."),  # noqa: E501
        t("Take out the values of {thing} that were kept."),
        t("Keep the values of {thing}."),
    )  # fmt: skip


def _relationships(t: Say) -> tuple[str, ...]:
    return (
        t("Fill in {thing} where a record has none."),
        t("Take out the links of {thing} that were kept."),
        t("Keep the links of {thing}."),
        t("Bring back the links of {thing}, with what was changed since; the values of now are kept for {days} days."),
        t("Bring back the values of {thing}, with what was changed since; the links of now are kept for {days} days."),
        t("Turn {thing} from a lookup into many-to-many, each value into a link; the values of now are kept for {days} days."),  # noqa: E501
        t("Turn {thing} from many-to-many into a lookup, the link of a record into its value; the links of now are kept for {days} days."),  # noqa: E501
    )  # fmt: skip


def _decided(t: Say) -> tuple[str, ...]:
    return (
        t("A value that does not fit becomes empty."),
        t("A value that does not fit becomes {value}."),
        t("A record without a value gets {value}."),
        t("The option {option} becomes empty."),
        t("The option {option} becomes {value}."),
        t("The state {option} becomes {value}."),
        t("Of several links the first one stays."),
        t("Of several links the last one stays."),
        t("Of several links none stays."),
        t("A value that cannot be a link becomes empty."),
        t("A record that has none gets {value}."),
    )


def _backs(t: Say) -> tuple[str, ...]:
    return (
        t("Remove {thing}; its rows are kept for a time."),
        t("Remove {thing}; its values are kept for a time."),
        t("Define {thing} again, or roll back: its rows come back."),
        t("Define {thing} again as it was, or roll back: its values come back."),
        t("Define it again; for a key, records that clash by then must be changed first."),
        t("Roll back: the values of before come back, with what is changed until then."),
        t("Roll back: what was before comes back, with what is changed until then."),
        t("Take the lifecycle out; the states are kept for a time."),
        t("Change the records back."),
        t("Drop the index."),
        t("They are made anew."),
        t("Rename it back."),
        t("Remove it again."),
        t("Stop watching."),
        t("There is no undo."),
    )


def _edits(t: Say) -> tuple[str, ...]:
    return (
        t("{what}: your change goes, and what {pack} says holds."),
        t("{what}: what {pack} has taken out is yours now."),
        t('{file}: {what} is let go, for "{word}" is gone from the pack as well.'),
        t(
            '{file}: {what} is let go, for "{word}" is gone from the pack, so what is added stands at the end.'
        ),
        t('{file}: {what} is let go, for the pack has "{word}" itself now.'),
    )
