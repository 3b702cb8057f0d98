"""crm_sales: as many records as promised, in all their states, and taken by both databases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.packs.shipped import PACKS, ROOT, all_docs, docs_of
from xrm.app import mount
from xrm.engine.commands import Create, Delete, Target, Transition, Update
from xrm.engine.queries.request import Query, parse_query
from xrm.engine.runtime import Runtime
from xrm.engine.storage.database import UnitOfWork
from xrm.errors import Invalid
from xrm.metadata.parse import Body
from xrm.testing import make_runtime

REPS = {"rui.sequeira@example.com", "javier.roldan@example.com", "anton.belov@example.com"}
STATEMENTS = {"sqlite": 16, "postgresql": 20}
REPS |= {"owen.barrett@example.com"}


def base() -> list[Body]:
    """The records that every installation begins with."""
    return docs_of("crm_sales", "seed")["base"].body["records"]


def demo() -> list[Body]:
    """The records of the demo."""
    seeds = docs_of("crm_sales", "seed").items()
    return [r for name, doc in seeds if name != "base" for r in doc.body.get("records", [])]


def people() -> list[Body]:
    """The users of the demo."""
    return docs_of("crm_sales", "seed")["demo/people"].body["people"]["users"]


def _of(entity: str) -> list[Body]:
    return [record for record in (*base(), *demo()) if record["entity"] == entity]


def _values(entity: str) -> list[dict[str, Any]]:
    return [record["values"] for record in _of(entity)]


def test_the_demo_has_the_promised_number_of_records() -> None:
    counts = Counter(record["entity"] for record in (*base(), *demo()))
    sold = ("quote", "sales_order", "invoice")

    assert (counts["pipeline"], counts["lead"], counts["opportunity"], counts["product"]) == (3, 60, 80, 40)
    assert ([counts[one] for one in sold], counts["sales_quota"]) == ([30, 45, 60], 16)


def test_five_products_are_configurable_and_have_options() -> None:
    configurable = {r["ref"] for r in _of("product") if r["values"].get("configurable")}
    with_options = {v["product"]["ref"] for v in _values("product_option_group")}

    assert len(configurable) == 5
    assert with_options == configurable


def test_quotas_are_for_four_sellers_and_four_quarters() -> None:
    holders = Counter(v["holder"]["key"]["email"] for v in _values("sales_quota"))

    assert holders == dict.fromkeys(REPS, 4)
    assert {p["email"] for p in people() if p["roles"] == ["sales_rep"]} == REPS


def test_a_pipeline_says_for_every_state_of_an_opportunity_what_it_is_worth() -> None:
    states = list(all_docs("lifecycle")["opportunity"].body["states"])
    stage = all_docs("entity")["pipeline_stage"].body["fields"]["stage"]

    assert list(stage["options"]) == states
    for pipeline in _values("pipeline"):
        assert [row["stage"] for row in pipeline["stages"]] == states


def test_new_business_has_the_usual_probabilities() -> None:
    new = next(v for v in _values("pipeline") if v["kind"] == "new_business")

    assert [row["probability"] for row in new["stages"]] == [10, 20, 50, 80, 100, 0]


def test_every_quote_order_and_invoice_has_lines_and_nobody_types_what_they_come_to() -> None:
    for document in (*_values("quote"), *_values("sales_order"), *_values("invoice")):
        assert document["lines"]
        assert not {"subtotal", "tax", "total"} & document.keys()
        assert not any("total" in line for line in document["lines"])


def test_the_demo_has_no_fixed_days() -> None:
    days = [v for v in _said(demo()) if len(v) == 10 and v[:4].isdigit() and v[4] == v[7] == "-"]

    assert days == []


def _said(value: Any) -> list[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value] if isinstance(value, str) else [text for one in inner for text in _said(one)]


def test_crm_core_does_not_know_of_sales() -> None:
    written = [p for p in (ROOT / "entity_packs" / "crm_core").rglob("*") if p.is_file()]

    assert [p.name for p in written if "crm_sales" in p.read_text(encoding="utf-8")] == []


def test_all_shipped_packs_are_installed_together_with_their_demo(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = make_runtime(database_url, tmp_path, [ROOT / "entity_packs" / p for p in PACKS], demo=True)
    try:
        _sees_every_state(runtime)
        _a_seller_sees_every_list(runtime)
        _an_account_with_an_open_order_is_not_archived(runtime)
        _the_totals_of_a_quote_follow_through_the_api(runtime)
        _quota_and_forecast_follow_through_the_api(runtime)
        _one_line_of_two_hundred_takes_few_statements(runtime, monkeypatch)
    finally:
        runtime.close()


def _sees_every_state(runtime: Runtime) -> None:
    for entity in ("lead", "opportunity", "quote", "sales_order", "invoice"):
        states = set(runtime.current().model.entities[entity].lifecycle.states)
        query = parse_query(entity, {"limit": ["100"]}, runtime.settings.limits)
        found = runtime.current().queries.list(_person(runtime, "martin.keller"), query).data

        assert {row["state"] for row in found} == states


def _a_seller_sees_every_list(runtime: Runtime) -> None:
    views = runtime.current().model.entities["opportunity"].views
    seller, limits = _person(runtime, "rui.sequeira"), runtime.settings.limits
    empty = [
        name
        for name, view in views.items()
        if view.filter
        and not runtime.current()
        .queries.list(seller, parse_query("opportunity", {"filter": [view.filter.text]}, limits))
        .data
    ]

    assert set(empty) <= {"closing"}


def _an_account_with_an_open_order_is_not_archived(runtime: Runtime) -> None:
    records, helena = runtime.current().records, _person(runtime, "helena.duarte")
    open_orders = {"filter": ['state == "confirmed" and account.state == "active"']}
    query = parse_query("sales_order", open_orders, runtime.settings.limits)
    account = Target(UUID(runtime.current().queries.list(helena, query).data[0]["account"]["id"]))
    records.execute(helena, [Transition("account", account, "deactivate", reason="Moved away")])

    with pytest.raises(Invalid) as refused:
        records.execute(helena, [Transition("account", account, "archive")])
    assert "open opportunities, orders and invoices" in str(refused.value)


def _the_totals_of_a_quote_follow_through_the_api(runtime: Runtime) -> None:
    """The example of a configured pump: 900 + 180 + 120, twelve of them, then fifty."""
    token = runtime.identity.create_token(_person(runtime, "rui.sequeira"), "totals")
    client, head = mount(runtime).test_client(), {"Authorization": f"Bearer {token}"}
    pump = _first(runtime, "product", 'code == "HP-200"')
    found = runtime.current().queries.list(
        runtime.installer, Query("product_option", filters=(f'group.product == "{pump["id"]}"',))
    )
    options = {row["code"]: row["id"] for row in found.data}
    _sells_in_bulk(runtime, pump["id"])

    def sent(method: str, path: str, status: tuple[int, ...] = (200, 201), **values: Any) -> dict[str, Any]:
        got = client.open(f"/api/v1/records/{path}", method=method, headers=head, json=values)
        assert got.status_code in status, got.text
        return dict(got.json)

    def configured(*codes: str, status: tuple[int, ...] = (201,)) -> dict[str, Any]:
        chosen = {"create": [{"to": options[code]} for code in codes]}
        given = {"name": "As wanted", "product": pump["id"], "options": chosen}
        return sent("POST", "product_configuration", status, **given)

    refused = configured("CP", "K16", status=(422,))["errors"]
    assert "The Pro compressor needs the 32 kW controller." in {problem["message"] for problem in refused}
    built = configured("K32", "TB", "CS")
    assert (built["price"]["amount"], built["valid"]) == ("1200.00", True)
    assert configured("K32", "TB")["valid"] is False
    account = _first(runtime, "account", 'state == "active"')["id"]
    line = {"line_no": 1, "product": pump["id"], "configuration": built["id"], "quantity": "12"}
    quote = sent("POST", "quote", account=account, lines={"create": [line]})
    assert _amounts(quote) == ("13680.00", "720.00", "3146.40", "16826.40")
    [stored] = sent("GET", f"quote/{quote['id']}?expand=lines")["lines"]["data"]
    sent("PATCH", f"quote_line/{stored['id']}", quantity="50")
    assert _amounts(sent("GET", f"quote/{quote['id']}")) == ("54000.00", "6000.00", "12420.00", "66420.00")


def _quota_and_forecast_follow_through_the_api(runtime: Runtime) -> None:
    """Open 145,000 worth 63,000, won 40,000, lost 25,000 of a quota of 100,000; and a quarter that came to 95,000."""
    rui, pipeline = _person(runtime, "rui.sequeira"), _first(runtime, "pipeline", 'kind == "new_business"')
    account = _first(runtime, "account", 'state == "active"')["id"]
    client = mount(runtime).test_client()
    head = {"Authorization": f"Bearer {runtime.identity.create_token(rui, 'forecast')}"}

    def read(entity: str, record: UUID) -> dict[str, Any]:
        return dict(client.get(f"/api/v1/records/{entity}/{record}", headers=head).json)

    def done(*commands: Any) -> list[UUID]:
        return [r.id for r in runtime.current().records.execute(runtime.installer, commands).results]

    def deal(thousands: int, probability: int, day: str, *steps: Any) -> None:
        values = {"name": "Deal", "account": account, "pipeline": pipeline["id"], "probability": probability}
        owner, amount = {"entity": "user", "id": str(rui.id)}, _euros(thousands)
        given = {**values, "owner": owner, "amount": amount, "close_on": day}
        [made] = done(Create("opportunity", given))
        done(*(Transition("opportunity", Target(made), step, values) for step, values in steps))

    who, first = {"entity": "user", "id": str(rui.id)}, {"period": "quarter", "starts_on": "2031-01-01"}
    [quota, now, then] = done(
        Create("sales_quota", {"holder": who, **first, "amount": _euros(100)}),
        Create("forecast", {"person": who, **first}),
        Create("forecast", {"person": who, **first, "starts_on": "2019-01-01", "submitted": _euros(103)}),
    )
    for thousands, probability in ((20, 10), (50, 20), (30, 50), (45, 80)):
        deal(thousands, probability, "2031-03-31")
    deal(40, 50, "2031-01-01", ("propose", {}), ("win", {}))
    deal(25, 50, "2031-02-01", ("lose", {"loss_reason": "price"}))
    deal(95, 50, "2019-03-31", ("propose", {}), ("win", {}))
    seen, target = read("forecast", now), read("sales_quota", quota)
    told = [seen[name]["amount"] for name in ("pipeline", "weighted", "won", "lost", "expected")]
    assert told == ["145000.00", "63000.00", "40000.00", "25000.00", "103000.00"]
    assert (seen["win_rate"], seen["win_rate_value"]) == ("50.00", "61.54")
    assert (target["attainment_percent"], target["coverage"]) == ("40.00", "2.42")
    assert read("forecast", then)["accuracy"] == "91.58"


def _euros(thousands: int) -> dict[str, str]:
    return {"amount": f"{thousands}000.00", "currency": "EUR"}


def _sells_in_bulk(runtime: Runtime, product: str) -> None:
    breaks = [{"min_quantity": n, "discount_percent": percent} for n, percent in ((10, 5), (50, 10))]
    old = runtime.current().queries.list(
        runtime.installer, Query("quantity_break", filters=(f'product == "{product}"',))
    )
    records = runtime.current().records
    records.execute(
        runtime.installer,
        [
            *(Delete("quantity_break", Target(UUID(str(row["id"])))) for row in old.data),
            *(Create("quantity_break", {"product": product, **values}) for values in breaks),
        ],
    )


def _amounts(quote: dict[str, Any]) -> tuple[str, ...]:
    return tuple(quote[name]["amount"] for name in ("subtotal", "discount", "tax", "total"))


def _one_line_of_two_hundred_takes_few_statements(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is changed, it and its quote are found anew; as many statements as for a quote of two."""
    counted: list[str] = []
    for name in ("run", "change", "execute", "run_columns", "_copy", "_insert_together"):
        original = getattr(UnitOfWork, name)

        def counting(self: UnitOfWork, *given: Any, _original: Any = original, **named: Any) -> Any:
            counted.append(str(given[0]))
            return _original(self, *given, **named)

        monkeypatch.setattr(UnitOfWork, name, counting)
    taken = []
    for count in (2, 200):
        quote, lines = _quote_of(runtime, count)
        counted.clear()
        runtime.current().records.execute(
            runtime.installer, [Update("quote_line", lines[0], {"quantity": "3"})]
        )
        taken.append(len(counted))
        stored = runtime.current().queries.get(runtime.installer, "quote", quote.id)
        assert stored["subtotal"]["amount"] == f"{2 * count + 4}.00"
        assert stored["total"]["amount"] == f"{(2 * count + 4) * 1.1:.2f}"
    assert taken == [STATEMENTS[runtime.database.dialect.name]] * 2


def _quote_of(runtime: Runtime, count: int) -> tuple[Target, list[Target]]:
    product = _first(runtime, "product", 'code == "PX-17"')["id"]
    price = {"amount": "2.00", "currency": "EUR"}
    line = {"product": product, "unit_price": price, "tax_rate": 10}
    lines = [{**line, "line_no": n} for n in range(1, count + 1)]
    account = _first(runtime, "account", 'state == "active"')["id"]
    done = runtime.current().records.execute(
        runtime.installer, [Create("quote", {"account": account, "lines": {"create": lines}})]
    )
    quote = Target(done.results[0].id)
    found = runtime.current().queries.list(
        runtime.installer, Query("quote_line", filters=(f'quote == "{quote.id}"',), limit=1)
    )
    return quote, [Target(UUID(str(row["id"]))) for row in found.data]


def _first(runtime: Runtime, entity: str, condition: str) -> dict[str, Any]:
    return dict(
        runtime.current()
        .queries.list(runtime.installer, Query(entity, filters=(condition,), limit=1))
        .data[0]
    )


def _person(runtime: Runtime, name: str) -> Any:
    return runtime.identity.actor(runtime.directory.user(f"{name}@example.com"), door="page")
