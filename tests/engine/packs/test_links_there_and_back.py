"""Whatever links and values there are, and whatever becomes of them meanwhile: on the way back they are as they were,
with exactly what was changed."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.packs.living import ACCOUNT, as_id, change, data
from tests.support.installed import plan_back
from xrm.engine.commands import Create, Link, Target, Unlink, Update
from xrm.testing import a_pack, admin_actor

ENTITY = """
title: name
fields:
  name: {type: text}
relationships:
"""
PAYER = "  payer: {to: account}\n"
HELPERS = "  helpers: {to: account, many: true, attributes: {role: {type: text}}}\n"
FIRST = f"{ENTITY}{PAYER}{HELPERS}"  # a lookup and many-to-many
OTHER = f"{ENTITY}{PAYER.replace('}', ', many: true}')}{HELPERS.split(', many')[0]}}}\n"  # each the other way

BILLS, PEOPLE = 3, 3
person = st.integers(0, PEOPLE - 1)
some = st.lists(person, unique=True, max_size=PEOPLE)
values = st.lists(st.none() | person, min_size=BILLS, max_size=BILLS)
links = st.lists(some, min_size=BILLS, max_size=BILLS)
edits = st.dictionaries(st.integers(0, BILLS - 1), some, max_size=2)


class Book:
    """Bills with a payer and helpers, however these are kept; people and bills are numbers."""

    def __init__(self, runtime):
        self.runtime, self.ana = runtime, admin_actor(runtime)
        made = [self.do(Create(e, {"name": str(n)})) for e in ("account", "bill") for n in range(BILLS)]
        self.people, self.bills = made[:PEOPLE], made[PEOPLE:]

    def do(self, command):
        return self.runtime.current().records.execute(self.ana, [command]).results[0].id

    def pay(self, name, bill, who):
        value = None if who is None else {"id": str(self.people[who])}
        self.do(Update("bill", Target(self.bills[bill]), {name: value}))

    def link(self, name, bill, wanted):
        """The bill has these links, new ones in the role of their number."""
        there = {self.person(row): as_id(row["id"]) for row in self.rows(name) if self.bill(row) == bill}
        for who in sorted(there.keys() - set(wanted)):
            self.do(Unlink("bill", Target(self.bills[bill]), name, there[who]))
        for who in [each for each in wanted if each not in there]:
            role = {"role": str(who)} if name == "helpers" else {}
            self.do(Link("bill", Target(self.bills[bill]), name, {"id": str(self.people[who])}, role))

    def rows(self, name):
        return data(self.runtime)[f"sales__bill__{name}"]

    def person(self, row, column="target"):
        return None if row[column] is None else self.people.index(as_id(row[column]))

    def bill(self, row, column="source"):
        return self.bills.index(as_id(row[column]))

    def kept_as_value(self, name):
        found = {self.bill(row, "id"): self.person(row, name) for row in data(self.runtime)["sales__bill"]}
        return [found[bill] for bill in range(BILLS)]

    def kept_as_links(self, name):
        """For each bill whom it is linked to, and in which role."""
        rows = self.rows(name)
        return [
            {self.person(row): row.get("role") for row in rows if self.bill(row) == bill}
            for bill in range(BILLS)
        ]


def test_links_and_values_turn_there_and_back_with_what_was_changed(make, scale):
    runtime = make([a_pack("sales", account=ACCOUNT, bill=FIRST)])
    book = Book(runtime)

    def put(bill, decisions):
        change(runtime, decisions, account=ACCOUNT, bill=bill)
        runtime.current()  # as every request asks, before it reads

    def back(number):
        plan = plan_back(runtime, number)
        runtime.packs.roll_back(number, runtime.installer, confirmed=plan.hash if plan.destructive else "")
        runtime.current()

    @given(paid=values, helped=links, stays=st.sampled_from(("first", "last", "")), pays=edits, helps=edits)
    @settings(
        max_examples=scale(2, 100), deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    def go(paid, helped, stays, pays, helps):
        for bill in range(BILLS):
            book.pay("payer", bill, paid[bill])
            book.link("helpers", bill, helped[bill])
        then, before = runtime.packs.versions()[0].number, book.kept_as_links("helpers")
        several = any(len(each) > 1 for each in helped)
        put(OTHER, {"unfit:bill.helpers": stays} if several else {})
        chosen = book.kept_as_value("helpers")
        assert all(
            who in each or (who is None and (not each or not stays))
            for who, each in zip(chosen, helped, strict=True)
        )
        assert [list(each) for each in book.kept_as_links("payer")] == [
            [] if p is None else [p] for p in paid
        ]
        for bill, wanted in pays.items():
            book.link("payer", bill, wanted)
        for bill, wanted in helps.items():
            book.pay("helpers", bill, wanted[0] if wanted else None)
        between = book.kept_as_links("payer"), book.kept_as_value("helpers")
        back(then)
        for bill in range(BILLS):
            wanted = pays.get(bill, [paid[bill]])
            fits = (wanted[0] if wanted else None) if len(wanted) < 2 else paid[bill]
            assert book.kept_as_value("payer")[bill] == fits
            assert book.kept_as_links("helpers")[bill] == helped_now(
                before[bill], chosen[bill], helps.get(bill)
            )
        put(OTHER, {})
        assert book.kept_as_links("payer") == between[0]
        assert book.kept_as_value("helpers") == between[1]
        back(then)

    go()


def helped_now(before, chosen, edited):
    """The links of before, unless their one successor was changed: then that alone, in its role of before."""
    after = chosen if edited is None else (edited[0] if edited else None)
    if after == chosen:
        return before
    return {} if after is None else {after: before.get(after)}
