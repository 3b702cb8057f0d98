"""A person at a browser without scripts, in front of a small installation made for the tests of pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.support.installed import make_runtime
from tests.support.pages import Element, Posted, elements, leads_to, posted
from xrm.app import mount
from xrm.engine.commands import Actor, Create
from xrm.engine.runtime import Runtime
from xrm.engine.storage.database import UnitOfWork
from xrm.testing import a_pack
from xrm.ui.pages.door import SESSION_COOKIE

Lay = Callable[[Mapping[str, str]], None]
PASSWORD = "seven quiet otters"
SHOP = {
    "customer": """
label: Customer
plural: Customers
icon: building
title: name
ownership: user_or_team
fields:
  name:   {type: text, required: true, max_length: 60, search: true}
  email:  {label: E-mail, type: email}
  tier:   {type: choice, options: {gold: {color: amber}, silver: {}, bronze: {}, plain: {}, new: {}, old: {}}}
  since:  {type: date}
  budget: {type: money}
  weight: {type: decimal, scale: 2}
  marks:  {type: multi_choice, options: {early: {}, loyal: {}, far: {}}}
  loud:   {type: boolean, default: false}
  secret_score: {label: Score, type: integer, sensitive: true}
  why_lost: {label: Why lost, type: text, visible_when: tier == "old", required_when: tier == "old"}
  papers: {type: file, many: true}
relationships:
  parent:  {label: Parent customer, to: customer, hierarchy: true, inverse: branches, on_delete: clear}
  contact: {to: person, inverse: main_for, on_delete: clear}
  helpers: {to: person, many: true, inverse: helps, attributes: {task: {type: text, max_length: 40}}}
  orders:  {from: order, owned: true}
keys:
  name: {fields: [name], message: There is a customer of this name.}
rules:
  light: {must: weight <= 100, when: weight != empty, field: weight, message: No customer weighs more than 100.}
""",
    "person": """
label: Person
plural: People
icon: user
title: name
ownership: none
fields:
  name:  {type: text, required: true, max_length: 60, search: true}
  phone: {type: phone}
relationships:
  works_at: {label: Works at, to: customer, inverse: staff, on_delete: restrict}
duplicates: {by_phone: {match: [phone]}}
""",
    "order": """
label: Order
plural: Orders
icon: shopping-cart
title: text
ownership: none
fields:
  text:     {type: text, required: true, max_length: 40}
  quantity: {type: integer, min: 1}
  goes_to:  {type: geo}
  wrapping: {type: json}
  wishes:   {type: rich_text}
relationships:
  customer: {to: customer, required: true, inverse: orders, on_delete: cascade}
  taker:    {to: person, inverse: taken, on_delete: clear}
""",
    "ticket": """
label: Ticket
plural: Tickets
icon: ticket
title: subject
ownership: user_or_team
fields:
  subject: {type: text, required: true, max_length: 80, search: true}
  answer:  {type: text, max_length: 80}
  about:   {type: text, max_length: 20, visible_when: subject != empty}
relationships:
  customer: {to: customer, inverse: tickets, on_delete: cascade}
  asker:    {to: person, inverse: asked, on_delete: clear, filter: works_at == record.customer}
""",
}
FILES = {
    "lifecycles/ticket.yaml": """
states:
  open:   {color: blue, initial: true}
  solved: {color: green}
  shut:   {final: true, locked: true}
transitions:
  solve:  {from: [open], to: solved, requires: [answer]}
  reopen: {from: [solved], to: open, reason: required}
  shut:   {from: [open, solved], to: shut, roles: [boss]}
  park:   {from: [open], to: solved, guard: answer == "later", message: Only what waits can be parked.}
""",
    "views/customer.yaml": """
all:  {type: list, label: All customers, columns: [name, tier, parent, since, budget, loud], sort: [name]}
gold: {type: list, label: Gold, columns: [name, since], filter: tier == "gold", sort: [-since]}
odd:  {type: list, label: By score, columns: [name], filter: secret_score > 3}
tiers: {type: board, label: By tier, group_by: tier, card: [since, budget, contact], color: tier, value: sum(budget)}
""",
    "forms/customer.yaml": """
main:
  sections:
    who:  {label: Who, rows: [[name, email], [tier, since], [parent, contact], [why_lost]]}
    much: {label: How much, rows: [[budget, weight], [marks, loud], [secret_score], [papers]]}
    them: {label: Who helps and what they order, rows: [[helpers], [orders]]}
""",
    "roles.yaml": """
clerk:
  label: Clerk
  grants:
    customers: {entity: customer, can: [read]}
    mine:      {entity: customer, can: [create, update, delete], rows: own}
    people:    {entity: person, can: [create, read, update, delete]}
    tickets:   {entity: ticket, can: [create, read, update, transition]}
    links:     {entity: [connection, connection_role], can: [create, read]}
boss:
  label: Boss
  grants:
    all:    {entity: [customer, person, ticket], can: [create, read, update, delete, transition]}
    scores: {entity: customer, can: [create, read, update], fields: [name, secret_score]}
porter:
  label: Porter
  grants:
    customers: {entity: customer, can: [create, read, update, import]}
    people:    {entity: person, can: [read]}
cleaner:
  label: Cleaner
  grants:
    customers: {entity: customer, can: [read, delete]}
guest:
  label: Guest
  grants:
    people: {entity: person, can: [read]}
""",
}


def the_pack() -> dict[str, str]:
    """A shop with customers, people, orders and tickets."""
    return a_pack("shop", FILES, **SHOP)


@dataclass
class Sheet:
    """A page as it was answered."""

    status: int
    html: str
    headers: Any
    address: str

    @cached_property
    def elements(self) -> list[Element]:
        """Every element in order."""
        return elements(self.html)

    @property
    def text(self) -> str:
        """What a reader reads, in one line."""
        bare = re.sub(r"<(script|style|template)\b.*?</\1>|<[^>]+>", " ", self.html, flags=re.DOTALL)
        return re.sub(r"\s+", " ", unescape(bare)).strip()

    def find(self, tag: str, **attributes: str) -> list[Element]:
        """The elements of that tag with these attributes."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [e for e in self.elements if e.tag == tag and all(e[n] == v for n, v in wanted.items())]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.find(tag, **attributes)
        return found

    def form(self, action: str = "") -> Posted:
        """What the form with that address would post as it stands."""
        return posted(self.elements, action)

    def links(self) -> dict[str, str]:
        """Where the links lead, by what they say."""
        return {re.sub(r"\s+", " ", e.text).strip(): e["href"] for e in self.find("a")}

    def column(self, index: int) -> list[str]:
        """The texts of one column of the list."""
        rows: dict[int, list[str]] = {}
        for cell in self.find("td"):
            row = cell.within("tr")
            is_box = cell["class"].startswith("tick")
            if row is not None and row["id"].startswith("r-") and not is_box:
                rows.setdefault(id(row), []).append(re.sub(r"\s+", " ", cell.text).strip())
        return [cells[index] for cells in rows.values()]


@dataclass
class Person:
    """Somebody at a browser without scripts; every redirect is followed."""

    client: FlaskClient
    email: str = ""
    last: Sheet | None = None
    trail: list[str] = field(default_factory=list)

    def open(self, path: str, **headers: str) -> Sheet:
        """The page at an address."""
        named = {"Accept": "text/html", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self._read(self.client.get(path, headers=named), path)

    def send(self, path: str, data: Any, **files: Any) -> Sheet:
        """The page that comes after posting."""
        pairs = MultiDict(data.pairs if isinstance(data, Posted) else data)
        for name, values in files.items():
            pairs.setlist(name.replace("__", "."), values)
        answer = self.client.post(
            path,
            data=pairs,
            headers={"Accept": "text/html"},
            content_type="multipart/form-data" if files else None,
        )
        return self._read(answer, path)

    def fill(self, sheet: Sheet, action: str, **typed: Any) -> Sheet:
        """The form posted with some of its inputs changed; two underscores stand for a dot."""
        form = sheet.form(action)
        for key, value in typed.items():
            name = key.replace("__", ".")
            form = form.without(name)
            form.pairs += [(name, v) for v in (value if isinstance(value, list) else [value])]
        target = next(e["action"] for e in sheet.find("form") if leads_to(e, action))
        return self.send(target, form)

    def press(self, action: str, on: str) -> Sheet:
        """The button whose small form has this address, on that page."""
        return self.fill(self.open(on), action)

    def undo(self, sheet: Sheet) -> Sheet:
        """The page after the button of its message was pressed."""
        action = next(e["action"] for e in sheet.find("form") if e["action"].startswith("/undo/"))
        return self.fill(sheet, action)

    def ask(self, path: str, part: str = "part", **posted: str) -> TestResponse:
        """What scripts of a page get for a part of it; with anything to post, it is posted."""
        headers = {"HX-Request": "true", "HX-Target": f"div#{part}", "Accept": "text/html"}
        if not posted:
            return self.client.get(path, headers=headers)
        page = self.client.get("/me", headers={"Accept": "text/html"}).text
        token = re.search(r'name="csrf-token" content="([^"]+)"', page)
        data = {name.replace("__", "."): value for name, value in posted.items()}
        return self.client.post(
            path, data=data, headers={**headers, "X-CSRF-Token": token[1] if token else ""}
        )

    def _read(self, answer: TestResponse, path: str) -> Sheet:
        seen = 0
        while answer.status_code == 303 and seen < 5:
            seen, path = seen + 1, answer.headers["Location"]
            answer = self.client.get(path, headers={"Accept": "text/html"})
        self.last = Sheet(
            answer.status_code,
            answer.text if answer.mimetype.startswith("text") else "",
            answer.headers,
            path,
        )
        return self.last


@dataclass
class Place:
    """An installation with its application; makes people and records."""

    runtime: Runtime
    app: Flask

    def person(self, name: str = "Ana", *roles: str, language: str = "en") -> Person:
        """Somebody who is signed in; the form of the door has tests of its own."""
        email = f"{name.lower()}@example.com"
        if self.runtime.directory.user(email) is None:
            self.runtime.identity.people.create_user(
                self.runtime.installer,
                email=email,
                name=name,
                password=PASSWORD,
                roles=roles or ["system_admin"],
                language=language,
            )
        session = self.runtime.identity.sign_in(email, PASSWORD, address="127.0.0.1", agent="a test")
        person = Person(self.app.test_client(), email)
        person.client.set_cookie(SESSION_COOKIE, session.token, httponly=True, samesite="Lax")
        return person

    def actor(self, name: str = "Ana") -> Actor:
        """The user of that name as an actor."""
        user = self.runtime.directory.demand_user(f"{name.lower()}@example.com")
        return self.runtime.identity.actor(user, door="api")

    def make(self, entity: str, by: Actor | None = None, **values: Any) -> str:
        """The id of a new record."""
        records = self.runtime.current().records
        return str(records.execute(by or self.runtime.installer, [Create(entity, values)]).results[0].id)

    def read(self, entity: str, id_: str) -> dict[str, Any]:
        """The record as the installer reads it."""
        from uuid import UUID

        return self.runtime.current().queries.get(self.runtime.installer, entity, UUID(id_))


def a_place(runtime: Runtime) -> Place:
    """The application over the runtime; what fails in it fails in the test."""
    app = mount(runtime)
    app.testing = True
    return Place(runtime, app)


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    """The shop on each database in turn."""
    runtime = make_runtime(database_url, tmp_path, [the_pack()])
    yield a_place(runtime)
    runtime.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The shop on SQLite, shared by the tests of a module that only add to it."""
    folder = tmp_path_factory.mktemp("shop")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [the_pack()])
    yield a_place(runtime)
    runtime.close()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Counts statements: call it for how many there were since the last call."""
    counted = [0]
    for name in ("run", "change", "execute", "run_columns", "_copy"):
        original = getattr(UnitOfWork, name)

        def counting(self: UnitOfWork, *given: Any, _original: Any = original, **named: Any) -> Any:
            counted[0] += 1
            return _original(self, *given, **named)

        monkeypatch.setattr(UnitOfWork, name, counting)

    def since() -> int:
        found, counted[0] = counted[0], 0
        return found

    return since


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for packs."""
    return tmp_path / "packs"


@pytest.fixture
def lay(folder: Path) -> Lay:
    """Puts a pack into the folder for packs, in place of one of its name."""

    def put(files: Mapping[str, str]) -> None:
        name = files["pack.yaml"].split()[1]
        for path, text in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_text(text)

    return put
