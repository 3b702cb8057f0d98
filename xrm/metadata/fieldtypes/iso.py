"""The currencies and countries of the world, as the ISO codes that records hold."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from babel import Locale
from babel.core import get_global
from babel.numbers import list_currencies

from xrm.metadata.values import fold

# CLDR gives some currencies fewer decimals than ISO 4217 does, after how cash is counted; rounding to those
# would lose money, so the exceptions from two decimals stand here.
_DECIMALS_BY_COUNT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DECIMALS = {code: count for count, codes in _DECIMALS_BY_COUNT.items() for code in codes.split()}
_USUAL_DECIMALS = 2
_NO_MONEY = {"XXX", "XTS"}
_NO_COUNTRY = "AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ"


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """The ISO 4217 codes of all currencies, former ones too, for old amounts keep theirs."""
    return frozenset(list_currencies()) - _NO_MONEY


def currency_decimals(code: str) -> int:
    """The decimals that amounts in this currency have."""
    return _DECIMALS.get(code, _USUAL_DECIMALS)


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """The ISO 3166-1 alpha-2 codes of the countries and territories of today."""
    return frozenset(_country_names().values())


@lru_cache(maxsize=512)
def country_code(name: str) -> str:
    """The code of the country that is called so in English, or nothing."""
    return _country_names().get(fold(name), "")


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    territories: Any = Locale("en").territories
    former = get_global("territory_aliases")
    return {
        fold(name): code
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY and code not in former
    }
