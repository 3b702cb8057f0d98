"""Addresses that say former names: a page is at its present one, and a form goes where it was meant for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

from flask import Response

from xrm.engine.queries.former import present_asked, present_word
from xrm.ui.pages.answers import moved
from xrm.ui.pages.visit import Visit

_LISTS = ("fields", "sort")


def present_names(visit: Visit, names: Mapping[str, str]) -> Mapping[str, str]:
    """The names in the address, the entity by its present one if this person may know it."""
    present = visit.model.former.entities.get(names.get("entity", ""))
    if present is None or present not in visit.snapshot.policy.usable_entities(visit.actor):
        return names
    return {**names, "entity": present}


def moved_on(visit: Visit, names: Mapping[str, str], present: Mapping[str, str]) -> Response | None:
    """The way to the page by present names, if the address that was asked for says former ones."""
    if visit.is_post or visit.fragment or not visit.model.former or "entity" not in names:
        return None
    path = visit.path.partition("?")[0]
    if names["entity"] != present["entity"]:
        path = path.replace(f"/{names['entity']}", f"/{present['entity']}", 1)
    args = dict(_present_args(visit, present["entity"]))
    if path == visit.path.partition("?")[0] and args == visit.args:
        return None
    query = urlencode(args, doseq=True)
    return moved(f"{path}?{query}" if query else path)


def _present_args(visit: Visit, entity: str) -> Iterator[tuple[str, Sequence[str]]]:
    """The parameters of a list by present names."""
    names = visit.queries.reader(visit.actor).names
    known = entity in visit.model.entities and not visit.model.entities[entity].abstract
    for key, values in visit.args.items():
        if known and key in _LISTS:
            asked = (present_asked(names, entity, {key: text.split(",")})[key] for text in values)
            yield key, [",".join(words) for words in asked]
        elif known and key == "filter":
            yield key, [present_asked(names, entity, {key: text})[key] for text in values]
        elif known and key.startswith("f."):
            yield f"f.{present_word(names, entity, key[2:])}", values
        else:
            yield key, values
