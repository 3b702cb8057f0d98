"""Exchange rates over the API."""

from __future__ import annotations

from collections.abc import Callable

from tests.api.library import Library


def test_rates_are_put_read_and_removed_by_administrators(libraries: Callable[[str], Library]) -> None:
    library = libraries("sqlite")
    ada, rows = library.admin, [
        {"currency": "USD", "day": "2020-01-01", "rate": "0.123456785"},
        {"currency": "USD", "day": "2020-02-01", "per_base": "2"},
        {"currency": "CHF", "day": "2020-01-01", "rate": 1.1},
    ]  # fmt: skip
    assert ada("PUT", "/rates", json=rows).status_code == 200
    first = {"currency": "USD", "day": "2020-01-01", "rate": "0.12345679"}
    swiss = {"currency": "CHF", "day": "2020-01-01", "rate": "1.10000000"}
    second = {"currency": "USD", "day": "2020-02-01", "rate": "0.50000000"}
    got = ada("GET", "/rates?on=2020-01-31").get_json()
    assert got == {"base": "EUR", "data": [swiss, first]}
    assert ada("GET", "/rates?currency=usd").get_json()["data"] == [second, first]
    assert ada("GET", "/rates?currency=usd&before=2020-02-01").get_json()["data"] == [first]
    refused = ada(
        "PUT", "/rates", json=[{"currency": "USD"}, {"currency": "EUR", "day": "2020-01-01", "rate": 1}]
    )
    told = [(e["path"], e["code"]) for e in refused.get_json()["errors"]]
    assert (refused.status_code, told) == (
        422, [("[0].day", "R118"), ("[0].rate", "R126"), ("[1].currency", "R125")],
    )  # fmt: skip
    for path, body in (("/rates", {}), ("/rates", [1]), ("/rates", [{"colour": 1}])):
        assert ada("PUT", path, json=body).status_code == 400
    assert ada("DELETE", "/rates/USD/2020-02-01").status_code == 204
    assert [ada("DELETE", f"/rates/USD/{day}").status_code for day in ("2020-02-01", "soon")] == [404, 404]
    assert library.visitor("GET", "/rates").status_code == 403
    revalued = ada("POST", "/rates/revaluation", json={"entity": "nothing", "day": "2020-01-01"})
    assert revalued.status_code == 404
    assert ada("POST", "/rates/revaluation", json={"entity": "book", "day": "2020-13-01"}).status_code == 422
    assert "/rates/revaluation" in ada("GET", "/openapi.json").get_json()["paths"]
