"""Who acts, as far as it shapes what is asked of the database."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from xrm.engine.commands import Actor

ANA = Actor(UUID(int=1), "Ana", frozenset({"rep", "boss"}), shared=frozenset({3, 1}))


def test_what_shapes_a_query_is_worked_out_once() -> None:
    assert ANA.signature is ANA.signature
    assert ANA.signature == (("boss", "rep"), (1, 3), "")


def test_an_actor_with_other_roles_asks_otherwise_and_who_it_is_does_not_count() -> None:
    assert replace(ANA, roles=frozenset({"rep"})).signature == (("rep",), (1, 3), "")
    assert replace(ANA, transfer="export").signature.transfer == "export"
    assert replace(ANA, id=UUID(int=2), name="Rui").signature == ANA.signature
