"""Exchange rates on their page: entered, imported, taken out, applied; and what amounts are worth beside them."""

from __future__ import annotations

from io import BytesIO

from tests.ui.pages.conftest import Place
from tests.ui.pages.test_admin_keys import rows


def test_rates_are_entered_imported_and_applied_on_their_page(shop: Place) -> None:
    ana, customer = shop.person("Ana"), "/r/customer"
    form = ana.open("/admin/rates/new")
    wrong = ana.fill(form, "/admin/rates/new", currency="USD", rate="0", said="rate", day="2020-01-01")
    assert wrong.status == 422
    assert "A rate is more than 0." in wrong.html
    listed = ana.fill(form, "/admin/rates/new", currency="USD", rate="0.9", said="rate", day="2020-01-01")
    assert rows(listed)[0][:3] == ["USD US Dollar", "0.9", "1 Jan 2020"]

    refused = ana.fill(ana.open(f"{customer}/new"), f"{customer}/new", **budget("Swiss", "5", "CHF"))
    assert "No exchange rate from CHF to EUR is known" in refused.html

    def brings(text: str) -> str:
        form = ana.open("/admin/rates/import").form("/admin/rates/import")
        return ana.send("/admin/rates/import", form, file=[(BytesIO(text.encode()), "rates.csv")]).html

    told = brings("currency;day;per_base\nCHF;2020-01-01;0.8\nXXL;2020-01-01;x\n")
    assert "Row 3:" in told
    assert "CHF" not in shop.runtime.rates.known()
    brings("currency;day;per_base\nCHF;2020-01-01;0.8\n")
    assert shop.runtime.rates.known() == ("CHF", "USD")

    ana.fill(ana.open(f"{customer}/new"), f"{customer}/new", **budget("Boston", "100", "USD"))
    listed = ana.open(f"{customer}?columns=name,budget")
    assert 'title="worth €90"' in listed.html
    boston = listed.links()["Boston"]
    assert "worth €90" in ana.open(boston).html
    today = shop.runtime.rates.today().isoformat()
    ana.fill(form, "/admin/rates/new", currency="USD", rate="2", said="per_base", day=today)
    assert "worth €90" in ana.open(boston).html
    ana.fill(ana.open("/admin/rates/revalue"), "/admin/rates/revalue", entity="customer", day=today)
    assert "worth €50" in ana.open(boston).html
    assert "set an exchange rate" in ana.open("/admin/changes").html
    gone = ana.fill(ana.open("/admin/rates?f.currency=CHF"), "/admin/rates/remove")
    assert [row[0] for row in rows(gone)] == []
    ben = shop.person("Ben", "clerk")
    assert ben.open("/admin/rates").status == 403


def budget(name: str, amount: str, currency: str) -> dict[str, str]:
    return {"name": name, "budget.amount": amount, "budget.currency": currency}
