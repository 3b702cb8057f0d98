"""The requests that are measured. Both servers get the same ones, but for cursors, which are their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import quote
from uuid import UUID

from benchmarks import data
from benchmarks.pack import STAGES
from xrm.engine.queries import cursor
from xrm.engine.queries.request import Query, Sort

RECORDS = "/api/v1/records"
BRIEF = "name,amount,stage,close_date,account,contact"
NAMED = "name,amount,stage,close_date,account.name,contact.first_name,contact.last_name"
EXPANDED = "&expand=account,contact"
NEWEST = "sort=-close_date&limit=50"
BULK = 1000


@dataclass(frozen=True, slots=True)
class Ids:
    """Which records there are."""

    accounts: Sequence[str]
    contacts: Sequence[str]
    deals: Sequence[str]


@dataclass(frozen=True, slots=True)
class Request:
    """Method, address and JSON body, if any."""

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of request. `make` gives the n-th of them; `is_heavy` ones are sent one at a time."""

    name: str
    says: str
    make: Callable[[Ids, int, Mapping[str, Any]], Request]
    is_heavy: bool = False


def _get(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    return Request("GET", f"{RECORDS}/deal/{_one_of(ids.deals, number)}?fields={BRIEF}")


def _get_all(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    return Request("GET", f"{RECORDS}/deal/{_one_of(ids.deals, number)}")


FEW, MANY = 10, 100_000  # amounts that lists are asked with, per stage


def _list(
    fields: str, more: str = "", amounts: int = FEW
) -> Callable[[Ids, int, Mapping[str, Any]], Request]:
    def make(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
        wanted = f"f.stage={_one_of(STAGES, number)}&f.amount.ge={_amount(number, amounts)}"
        return Request("GET", f"{RECORDS}/deal?fields={fields}&{wanted}&{NEWEST}{more}")

    return make


def _amount(number: int, amounts: int) -> int:
    return number * 7919 % amounts * (5_000_000 // amounts)


def _filter(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    text = f'stage == "{_one_of(STAGES, number)}" and amount >= {_amount(number, FEW)}'
    return Request("GET", f"{RECORDS}/deal?fields={BRIEF}&filter={quote(text)}&{NEWEST}")


def _after(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    """The page behind a place that lies as deep as it comes."""
    day = data.FIRST_DAY + timedelta(days=number * 7919 % (data.DAYS // 2))
    record = _one_of(ids.deals, number)
    return Request("GET", f"{RECORDS}/deal?fields={BRIEF}&{NEWEST}&cursor={facts['cursor'](day, record)}")


def _groups(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    return Request("GET", f"{RECORDS}/deal?group=stage&aggregate=sum(amount),count()")


def _search(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    return Request("GET", f"{RECORDS}/account?search={_one_of(data.NAMES, number)}%20{number % 10}&limit=20")


def _contains(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    return Request("GET", f"{RECORDS}/account?f.name.contains={_one_of(data.NAMES, number)}&limit=20")


def _create(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    return Request("POST", f"{RECORDS}/deal", _json(next(data.deals(1, ids.accounts, ids.contacts, number))))


def _update(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    path = f"{RECORDS}/deal/{_one_of(ids.deals, number)}"
    return Request("PATCH", path, _json({"amount": f"{Random(number).randrange(100_000)}.25"}))


def _bulk(ids: Ids, number: int, facts: Mapping[str, Any]) -> Request:
    rows = data.deals(BULK, ids.accounts, ids.contacts, number)
    return Request("POST", f"{RECORDS}/deal", _json(list(rows)))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _one_of(items: Sequence[str], number: int) -> str:
    return items[number * 7919 % len(items)]


OPERATIONS = (
    Operation("get", "one deal, six fields", _get),
    Operation("get_all", "one deal, all fields", _get_all),
    Operation("list", "50 deals by stage and amount, newest first", _list(BRIEF)),
    Operation("list_fresh", "the same with amounts that did not come before", _list(BRIEF, "", MANY)),
    Operation("list_filter", "the same, asked in the filter language", _filter),
    Operation("list_count", "the same with an exact count", _list(BRIEF, "&count=exact")),
    Operation("expand", "the same with names of account and contact", _list(NAMED)),
    Operation("expand_all", "the same with all of account and contact", _list(BRIEF, EXPANDED)),
    Operation("keyset", "50 deals behind a place deep in the list", _after),
    Operation("aggregate", "sum and count of all deals by stage", _groups),
    Operation("search", "20 accounts by two words", _search),
    Operation("contains", "20 accounts by a part of their name", _contains),
    Operation("create", "one deal", _create),
    Operation("update", "the amount of one deal", _update),
    Operation("bulk", f"{BULK} deals in one request", _bulk, is_heavy=True),
)


def our_cursor(day: Any, record: str) -> str:
    """A cursor as our server gives it out."""
    return cursor.encode(Query("deal", sort=(Sort(("close_date",), True),)), (day, UUID(record)))


def limit_cursor(day: Any, record: str) -> str:
    """A cursor as the limit gives it out."""
    return f"{day.isoformat()}_{record}"
