"""Rows to measure with: the same ones for the same seed, however many are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from benchmarks.pack import STAGES

Row = dict[str, Any]
FIRST_DAY = date(2020, 1, 1)
DAYS = 2400
NAMES = (
    "Alder", "Basalt", "Cinder", "Dune", "Ebony", "Fjord", "Garnet", "Heath", "Iris", "Jasper", "Kelp",
    "Larch", "Maple", "Nectar", "Onyx", "Pearl", "Quartz", "Raven", "Sable", "Tide", "Umber", "Violet",
)  # fmt: skip
TRADES = ("Bakers", "Builders", "Carriers", "Foundry", "Gardens", "Mills", "Press", "Tools", "Traders")
PEOPLE = ("Almeida", "Bauer", "Castro", "Duarte", "Ferro", "Ivanova", "Kovacs", "Moreau", "Okoye", "Sato")
GIVEN = ("Aino", "Bela", "Caio", "Dina", "Emil", "Fina", "Gil", "Hana", "Ivo", "Jana")
INDUSTRIES = ("food", "machines", "paper", "services", "software", "textiles", "transport")
COUNTRIES = ("BR", "DE", "ES", "FI", "FR", "IT", "JP", "PT", "US")


def accounts(count: int) -> Iterator[Row]:
    """Accounts with two-word names, which repeat, and a number, which does not."""
    dice = Random(11)
    for number in range(count):
        yield {
            "name": f"{dice.choice(NAMES)} {dice.choice(NAMES)} {dice.choice(TRADES)} {number}",
            "industry": dice.choice(INDUSTRIES),
            "country": dice.choice(COUNTRIES),
            "revenue": _amount(dice, 10**9),
            "employees": dice.randrange(1, 20_000),
        }


def contacts(count: int, at: Sequence[str]) -> Iterator[Row]:
    """People at these accounts."""
    dice = Random(12)
    for number in range(count):
        given, name = dice.choice(GIVEN), dice.choice(PEOPLE)
        yield {
            "first_name": given,
            "last_name": name,
            "email": f"{given}.{name}.{number}@example.com".lower(),
            "phone": f"+351 21 {dice.randrange(10**7):07}",
            "account": dice.choice(at),
        }


def deals(count: int, at: Sequence[str], people: Sequence[str], seed: int = 13) -> Iterator[Row]:
    """Deals with these accounts and contacts."""
    dice = Random(seed)
    for number in range(count):
        yield {
            "name": f"{dice.choice(NAMES)} {dice.choice(TRADES)} deal {number}",
            "amount": _amount(dice, 10**7),
            "stage": dice.choice(STAGES),
            "close_date": (FIRST_DAY + timedelta(days=dice.randrange(DAYS))).isoformat(),
            "account": dice.choice(at),
            "contact": dice.choice(people),
        }


def _amount(dice: Random, below: int) -> str:
    """Two decimals, as the API writes them."""
    return f"{dice.randrange(100, below)}.{dice.randrange(100):02}"
