"""An upgrade meets what the organisation changed: each conflict with its three values, and the answers to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from xrm.engine.packs import Choice
from xrm.engine.packs.reconciliation import Answer, Reconciled
from xrm.metadata.documents import FILES, FOLDERS
from xrm.metadata.reconciling import Conflict
from xrm.metadata.words import ABSENT
from xrm.ui.admin.saying import Words
from xrm.ui.admin.stepwords import in_words
from xrm.ui.administration import Card, Cell, Clash, Clashes, Row, Table, Way
from xrm.ui.fields.view import Option
from xrm.ui.models import Empty
from xrm.ui.pages.visit import Visit

ANSWER = "answer:"


def answers_in(given: Mapping[str, Sequence[str]]) -> dict[str, Choice]:
    """The answers in an address or a form, by the keys of their conflicts."""
    known = {str(choice): choice for choice in Choice}
    return {
        name.removeprefix(ANSWER): known[values[0]]
        for name, values in given.items()
        if name.startswith(ANSWER) and values and values[0] in known
    }


def values_of(answers: Mapping[str, Choice]) -> dict[str, str]:
    """The answers, as a form carries them."""
    return {ANSWER + key: str(choice) for key, choice in answers.items()}


def conflict_cards(
    visit: Visit, reconciled: Reconciled, action: str, carried: Sequence[tuple[str, str]] = ()
) -> Iterator[Card]:
    """What has to be answered, if anything; and what becomes of the rest that the organisation changed."""
    t = visit.ui.t
    if reconciled.answers:
        note = t("You and the pack have changed the same. Nothing is written before each has an answer.")
        submit = t("Show the plan") if reconciled.open else t("Show the plan with other answers")
        items = tuple(_clash(visit, answer) for answer in reconciled.answers)
        clashes = Clashes(action, items, submit, tuple(carried), is_open=bool(reconciled.open))
        yield Card(t("Yours or theirs"), "git-merge", note=note, clashes=clashes, id="conflicts")
    if reconciled.edits:
        rows = tuple(Row((Cell(in_words(visit.ui, edit)),)) for edit in reconciled.edits)
        table = Table(t("What becomes of your changes"), (t("What"),), rows, Empty(t("Nothing")))
        yield Card(t("What becomes of your changes"), "pencil", table=table, id="edits")


def _clash(visit: Visit, answer: Answer) -> Clash:
    t, conflict = visit.ui.t, answer.conflict
    words = Words(visit, visit.model)
    theirs = _said(words, conflict.theirs) or t("Taken out")
    ours = t("Taken out") if conflict.is_removal else _said(words, conflict.ours)
    chosen = answer.choice
    ways = [Way(Choice.TAKE, t("Theirs"), theirs, str(conflict.there), chosen is Choice.TAKE)]
    if conflict.can_keep:
        ways.insert(0, Way(Choice.KEEP, t("Yours"), ours, str(conflict.where), chosen is Choice.KEEP))
    tag = Option("known", t("As you answered before"), "blue") if answer.is_remembered else None
    return Clash(
        ANSWER + conflict.key, _what(words, conflict), tuple(ways), tuple(_notes(visit, words, conflict)), tag
    )


def _notes(visit: Visit, words: Words, conflict: Conflict) -> Iterator[str]:
    t = visit.ui.t
    before = _said(words, conflict.before)
    if not conflict.can_keep:
        yield t("The pack has taken the entity out, so your changes of it cannot stay.")
    elif before:
        yield t("The pack had: {value}", value=before)
    else:
        yield t("The pack said nothing of it")


def _what(words: Words, conflict: Conflict) -> str:
    path = PurePosixPath(conflict.file)
    kind = FOLDERS.get(path.parts[0], "") or FILES.get(path.stem, path.stem)
    return words.what(kind, path.stem, conflict.path)


def _said(words: Words, value: object) -> str:
    return "" if value == ABSENT else words.said(value)
