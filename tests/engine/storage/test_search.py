"""Search: the same records for the same words on both databases, whatever somebody types."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.storage.conftest import write_and_break
from xrm.engine.storage.database import Database
from xrm.engine.storage.search import SLOTS, SearchEntries, SearchIndex, search_words, snippet

ACCOUNT, CONTACT = 1, 2
IDS = [UUID(int=n) for n in range(1, 20)]
TEXTS: dict[UUID, tuple[int, dict[int, str]]] = {
    IDS[0]: (ACCOUNT, {0: "Oliveira & Filhos", 1: "Lisboa", 2: "Construção civil"}),
    IDS[1]: (ACCOUNT, {0: "Olivier SA", 1: "Paris"}),
    IDS[2]: (CONTACT, {0: "Ana Oliveira", 1: "ana@oliveira.example", 3: "secret: bankruptcy"}),
    IDS[3]: (CONTACT, {0: "Олег Иванов", 1: "Москва"}),
    IDS[4]: (ACCOUNT, {0: "O'Neil-Smith (2nd)", 2: "ISO-9001 ﬁnance"}),
    IDS[5]: (ACCOUNT, {}),
}


@pytest.fixture
def index(installed: Database) -> SearchIndex:
    made = SearchIndex(installed)
    with installed.write() as unit:
        for kind in (ACCOUNT, CONTACT):
            texts = {record: texts for record, (entity, texts) in TEXTS.items() if entity == kind}
            made.put(unit, _entries(kind, texts))
    return made


def _entries(entity: int, texts: Mapping[UUID, Mapping[int, str]]) -> SearchEntries:
    """What is found of each record, by slot."""
    slots = {slot for text in texts.values() for slot in text}
    return SearchEntries(entity, list(texts), {s: [text.get(s) for text in texts.values()] for s in slots})


def _found(
    database: Database,
    index: SearchIndex,
    text: str,
    entity: int | None = None,
    slots: tuple[int, ...] | None = None,
) -> set[UUID]:
    candidates = index.candidates(entity, slots)
    prepared = database.prepare(sa.select(candidates.c.record))
    with database.read() as unit:
        rows = unit.run(prepared, {"q": index.query(text)})
        return {prepared.read(row)[0] for row in rows}


QUESTIONS = {
    "a word": ("oliveira", {0, 2}),
    "a prefix": ("oliv", {0, 1, 2}),
    "without accents": ("CONSTRUCAO", {0}),
    "with accents": ("óliveira", {0, 2}),
    "two words in two fields": ("oliveira lisboa", {0}),
    "words in any order": ("civil filhos", {0}),
    "cyrillic": ("иван", {3}),
    "an apostrophe": ("o'neil", {4}),
    "a number": ("9001", {4}),
    "a ligature": ("finance", {4}),
    "an address": ("ana@oliveira.example", {2}),
    "a word that is nowhere": ("zebra", set()),
    "nothing": ("", set()),
    "signs only": ("&&& -- \"' *", set()),
    "one word that is nowhere": ("oliveira zebra", set()),
}


def test_words_find_records(installed: Database, index: SearchIndex) -> None:
    answers = {name: _found(installed, index, text) for name, (text, _) in QUESTIONS.items()}
    assert answers == {name: {IDS[n] for n in found} for name, (_, found) in QUESTIONS.items()}


HOSTILE = [
    "NEAR(a b)",
    "a AND",
    "{s0}:x",
    "-x",
    "*",
    '"',
    "'",
    "a:*",
    "!a",
    "a | b",
    "\\",
    "a' OR '1",
    "()",
    "^a",
]


def test_query_syntax_in_a_text_is_only_text(installed: Database, index: SearchIndex) -> None:
    for text in HOSTILE:
        assert _found(installed, index, text) <= set(TEXTS)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_any_text_can_be_searched_and_found(installed: Database, index: SearchIndex, text: str) -> None:
    record = IDS[10]
    with installed.write() as unit:
        index.put(unit, _entries(ACCOUNT, {record: {0: text}}))
    expected = {record} if search_words(text) and len(search_words(text)) <= 16 else set()
    assert expected <= _found(installed, index, text, ACCOUNT)


def test_a_search_can_be_held_to_an_entity(installed: Database, index: SearchIndex) -> None:
    assert _found(installed, index, "oliveira", CONTACT) == {IDS[2]}


READABLE: list[tuple[tuple[int, ...], str, set[int]]] = [
    ((0, 1), "bankruptcy", set()),
    ((0, 3), "bankruptcy", {2}),
    ((1,), "oliveira", {2}),
    ((0,), "oliveira", {0, 2}),
    ((0, 2), "oliveira lisboa", set()),
    ((0, 1), "oliveira lisboa", {0}),
    ((SLOTS - 1,), "oliveira", set()),
    ((), "oliveira", set()),
]


def test_a_field_that_may_not_be_read_decides_no_hit(installed: Database, index: SearchIndex) -> None:
    for slots, text, found in READABLE:
        answer = _found(installed, index, text, slots=slots)
        assert answer == {IDS[n] for n in found}, (slots, text)


def test_a_changed_record_is_found_by_its_new_words_only(installed: Database, index: SearchIndex) -> None:
    with installed.write() as unit:
        index.put(unit, _entries(ACCOUNT, {IDS[7]: {0: "New"}, IDS[0]: {0: "Pereira"}}))
    assert _found(installed, index, "oliveira") == {IDS[2]}
    assert _found(installed, index, "pereira") == {IDS[0]}
    assert _found(installed, index, "new") == {IDS[7]}


def test_a_removed_record_is_not_found(installed: Database, index: SearchIndex) -> None:
    with installed.write() as unit:
        index.remove(unit, [IDS[0], IDS[15]])
    assert _found(installed, index, "oliveira") == {IDS[2]}


def test_what_is_rolled_back_is_not_found(installed: Database, index: SearchIndex) -> None:
    phantom = _entries(ACCOUNT, {IDS[8]: {0: "Phantom"}})
    with pytest.raises(ZeroDivisionError):
        write_and_break(installed, lambda unit: index.put(unit, phantom))
    assert _found(installed, index, "phantom") == set()


def test_many_new_records_are_found(installed: Database, index: SearchIndex) -> None:
    entries = _entries(ACCOUNT, {UUID(int=1000 + n): {0: f"Bulk {n}", 5: "tail"} for n in range(200)})
    with installed.write() as unit:
        index.put(unit, entries, fresh=True)
    assert len(_found(installed, index, "bulk tail")) == 200
    assert _found(installed, index, "bulk 199") == {UUID(int=1199)}


def test_a_title_ranks_above_a_text(installed: Database, index: SearchIndex) -> None:
    with installed.write() as unit:
        index.put(unit, _entries(ACCOUNT, {IDS[8]: {0: "Steel"}, IDS[9]: {0: "x", 1: "steel"}}))
    found = index.candidates()
    prepared = installed.prepare(sa.select(found.c.record).order_by(found.c.rank.desc()))
    with installed.read() as unit:
        rows = [prepared.read(row)[0] for row in unit.run(prepared, {"q": index.query("steel")})]
    assert rows == [IDS[8], IDS[9]]


def test_candidates_join_with_conditions_on_the_record(installed: Database, index: SearchIndex) -> None:
    """The caller's row rule stands in the same statement."""
    table = sa.Table("visible", sa.MetaData(), sa.Column("id", index.candidates().c.record.type))
    with installed.write() as unit:
        unit.execute(sa.schema.CreateTable(table))
        unit.execute(sa.insert(table), [{"id": IDS[0]}, {"id": IDS[3]}])
    found = index.candidates()
    chosen = sa.select(table.c.id, found.c.rank).join(found, found.c.record == table.c.id)
    prepared = installed.prepare(chosen.order_by(found.c.rank.desc(), table.c.id).limit(5))
    with installed.read() as unit:
        rows = [prepared.read(row)[0] for row in unit.run(prepared, {"q": index.query("oliv")})]
    assert rows == [IDS[0]]


SNIPPETS = {
    "in the middle": (
        "The Ação was filed",
        ("acao",),
        (("The ", False), ("Ação", True), (" was filed", False)),
    ),
    "a prefix": ("Construction", ("cons",), (("Construction", True),)),
    "twice": ("a b a", ("a",), (("a", True), (" b ", False), ("a", True))),
    "no match": ("nothing here", ("x",), (("nothing here", False),)),
    "no words": ("nothing here", (), (("nothing here", False),)),
    "empty": ("", ("x",), ()),
}


@pytest.mark.parametrize(("text", "words", "pieces"), SNIPPETS.values(), ids=SNIPPETS.keys())
def test_a_snippet_marks_the_words(
    text: str, words: tuple[str, ...], pieces: tuple[tuple[str, bool], ...]
) -> None:
    assert snippet(text, words) == pieces


def test_a_snippet_of_a_long_text_shows_the_first_match() -> None:
    pieces = snippet("x " * 500 + "needle" + " y" * 500, ("needle",))
    assert ("needle", True) in pieces
    assert pieces[0] == pieces[-1] == ("…", False)
    assert sum(len(piece) for piece, _ in pieces) <= 162


@given(text=st.text(max_size=400), words=st.lists(st.text(min_size=1, max_size=5), max_size=3))
def test_a_snippet_is_a_part_of_its_text(text: str, words: list[str]) -> None:
    pieces = snippet(text, [w for word in words for w in search_words(word)])
    assert "".join(piece for piece, _ in pieces if piece != "…").replace("…", "") in text.replace("…", "")
