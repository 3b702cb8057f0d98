"""Every shipped pack, and the pack of the tests, is read without a problem."""

from __future__ import annotations

import json

import pytest

from tests.packs.shipped import FIXTURES, PACKS, ROOT, SHIPPED, docs_of, read_pack
from xrm.metadata.customising import from_documents
from xrm.metadata.fingerprint import canonical
from xrm.metadata.loading import judge, load_model
from xrm.metadata.model import Model, Relationship, Shape
from xrm.metadata.sources import Layer, PackSource, read_source, read_source_named

LIBRARY = read_source(FIXTURES / "library")
FAULTY = read_source_named(FIXTURES / "faulty", "faulty", Layer.PACK)


@pytest.mark.parametrize("pack", SHIPPED)
def test_a_shipped_pack_is_read_without_a_problem(pack: str) -> None:
    assert read_pack(pack).problems == ()


def _sources(*packs: str) -> list[PackSource]:
    """The packs and the shipped ones that they require."""
    below = [
        name for pack in packs for name in docs_of(pack, "pack")["pack"].body["requires"] if name != "core"
    ]
    return [read_source(ROOT / "entity_packs" / pack) for pack in dict.fromkeys([*below, *packs])]


@pytest.mark.parametrize(
    ("packs", "others"),
    [((), ()), *(((pack,), ()) for pack in PACKS), ((), (LIBRARY,)), (PACKS, (LIBRARY,))],
    ids=["core alone", *PACKS, "library", "everything together"],
)
def test_the_packs_make_a_model_without_a_problem(
    packs: tuple[str, ...], others: tuple[PackSource, ...]
) -> None:
    assert [str(problem) for problem in judge([*_sources(*packs), *others]).problems] == []


def test_a_shipped_pack_can_be_disabled_and_the_others_are_as_without_it() -> None:
    last, others = PACKS[-1], PACKS[:-1]
    ours = from_documents({"packs.yaml": f"{last}: {{disabled: true}}\n"})
    found, alone = judge([*_sources(*PACKS), ours]), judge(_sources(*others))
    assert [str(problem) for problem in found.problems] == []
    assert found.model.disabled.keys() == {last}
    assert canonical(found.model.entities) == canonical(alone.model.entities)
    assert canonical(found.model.roles) == canonical(alone.model.roles)


def test_eight_mistakes_from_five_stages_are_eight_problems_each_at_its_place() -> None:
    expected = json.loads((FIXTURES / "faulty.expected.json").read_text(encoding="utf-8"))

    found = judge([FAULTY]).problems

    assert sorted((p.where.file, p.where.line, p.where.column) for p in found) == sorted(
        (f"faulty/{e['file']}", e["line"], e["column"]) for e in expected
    )
    assert {e["stage"] for e in expected} == {"yaml", "shape", "reference", "expression", "rights"}
    assert all(p.code and p.message and p.hint for p in found)


def _library() -> Model:
    return load_model([LIBRARY])


def _one(model: Model, entity: str, name: str) -> Relationship:
    return model.entities[entity].relationships[name]


@pytest.mark.parametrize(
    ("entity", "name", "shape", "targets", "one"),
    [
        pytest.param("book", "author", Shape.LOOKUP, ("author",), True, id="lookup"),
        pytest.param("author", "books", Shape.INVERSE, ("book",), False, id="inverse"),
        pytest.param("biography", "author", Shape.LOOKUP, ("author",), True, id="one to one"),
        pytest.param("author", "biography", Shape.INVERSE, ("biography",), True, id="inverse of one to one"),
        pytest.param("book", "coauthors", Shape.MANY, ("author",), False, id="many to many"),
        pytest.param("author", "coauthored", Shape.INVERSE, ("book",), False, id="inverse of many"),
        pytest.param("book", "publisher", Shape.LOOKUP, ("school", "author"), True, id="several targets"),
        pytest.param("loan", "patron", Shape.LOOKUP, ("reader", "school"), True, id="abstract target"),
        pytest.param("remark", "about", Shape.LOOKUP, (), True, id="any"),
        pytest.param("shelf", "parts", Shape.INVERSE, ("shelf",), False, id="below in a tree"),
        pytest.param("book", "copies", Shape.INVERSE, ("copy",), False, id="owned children"),
    ],
)
def test_the_library_has_every_kind_of_relationship(
    entity: str, name: str, shape: Shape, targets: tuple[str, ...], one: bool
) -> None:
    found = _one(_library(), entity, name)

    assert (found.shape, found.targets, found.one) == (shape, targets, one)


def test_the_library_has_validity_attributes_ownership_and_hierarchy_where_it_says_so() -> None:
    model = _library()

    assert _one(model, "book", "shelf").exclusive
    assert _one(model, "remark", "followers").valid
    assert set(_one(model, "book", "coauthors").attributes) == {"share", "role"}
    assert _one(model, "copy", "book").is_parent
    assert _one(model, "shelf", "parent").hierarchy
    assert _one(model, "remark", "about").any


def test_what_people_share_is_read_in_four_languages() -> None:
    contacts = _one(load_model(_sources("crm_core")), "account", "contacts")

    assert contacts.label == {"en": "Contacts", "pt": "Contactos", "es": "Contactos", "ru": "Контакты"}


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_says_what_it_models_with_a_diagram(pack: str) -> None:
    assert "```mermaid" in (ROOT / "entity_packs" / pack / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("pack", PACKS)
def test_every_entity_of_a_pack_has_an_icon_a_title_and_both_labels(pack: str) -> None:
    lacking = [
        (name, key)
        for name, doc in docs_of(pack, "entity").items()
        for key in ("icon", "title", "label", "plural", "ownership")
        if key not in doc.body and not (key == "title" and doc.body.get("abstract"))
    ]

    assert lacking == []
