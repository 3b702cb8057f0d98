"""A small office as an installed pack: every kind of relationship, a lifecycle, keys, rules and roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor, Command, Create, Outcome, Target, Update
from xrm.engine.queries.request import Query
from xrm.engine.runtime import Runtime
from xrm.engine.storage.ledger import CHANGE
from xrm.testing import a_pack, admin_actor, an_actor

ACCOUNT = """
label: Account
plural: Accounts
title: name
fields:
  name: {type: text, required: true, max_length: 80, search: true}
  tax_number: {type: text, unique: true}
  city: {type: text}
  credit: {type: integer, sensitive: true}
  secret_note: {type: long_text, sensitive: true, search: true}
  token: {type: secret}
  mood: {type: text, track: false}
relationships:
  parent: {to: account, hierarchy: true, inverse: children, on_delete: clear}
keys:
  by_place: {fields: [name, city], message: This account is there already.}
"""
PERSON = """
label: Person
plural: People
title: name
fields:
  name: {type: person_name, required: true, search: true}
  email: {type: email, privacy: personal}
relationships:
  account: {to: account, inverse: people, on_delete: cascade}
"""
DEAL = """
label: Deal
plural: Deals
title: number + " " + name
ownership: user_or_team
fields:
  number: {type: autonumber, pattern: "D-{yyyy}-{0000}", scope: year}
  name: {type: text, required: true, search: true}
  amount: {type: money}
  share: {type: percent}
  closes: {type: date, default: today()}
  lost_because: {type: text}
  open_from: {type: datetime}
relationships:
  account: {to: account, inverse: deals, on_delete: restrict}
  payer: {to: [account, person], inverse: pays_for, on_delete: clear}
  contact: {to: person, inverse: contact_of, on_delete: clear, filter: account == record.account}
  about: {to: any, inverse: talked_about}
  lines: {from: line, owned: true}
  partners:
    to: account
    many: true
    inverse: partner_in
    valid: true
    attributes: {role: {type: choice, options: [lead, helper]}}
rules:
  positive:
    must: amount.base > 0
    when: amount != empty
    field: amount
    message: The amount must be positive.
  lines_fit: {must: "count(lines) <= 3", field: lines, message: At most three lines.}
indexes: [[closes]]
"""
LINE = """
label: Line
plural: Lines
title: name
fields:
  name: {type: text, required: true}
  quantity: {type: decimal, default: 1}
"""
BOOKING = """
label: Booking
plural: Bookings
title: room
fields:
  room: {type: text, required: true}
  starts: {type: datetime}
  ends: {type: datetime}
  kept: {type: boolean, default: true}
keys:
  room: {fields: [room], no_overlap: [starts, ends], when: kept}
"""
ENTRY = """
label: Entry
plural: Entries
title: text
append_only: true
fields: {text: {type: text, required: true}}
"""
LIFECYCLE = """
states:
  open: {initial: true}
  won: {final: true, locked: true}
  lost: {final: true}
transitions:
  win: {from: open, to: won, guard: "amount != empty"}
  lose: {from: open, to: lost, requires: [lost_because], reason: required}
  reopen: {from: [won, lost], to: open, roles: [boss]}
"""
ROLES = """
rep:
  grants:
    deals: {entity: deal, can: [create, read, update, delete, transition], rows: owner == me}
    accounts: {entity: account, can: [read], rows: 'city == "Porto"'}
    people: {entity: person, can: [read], fields: [name, account]}
boss:
  grants:
    deals: {entity: deal, can: [create, read, update, delete, transition, assign]}
    accounts:
      entity: account
      can: [create, read, update, delete]
      fields:
        [name, tax_number, city, credit, secret_note, token, mood, parent, children, people, deals,
         pays_for, partner_in, talked_about]
    people: {entity: person, can: [create, read, update, delete], fields: [name, email, account]}
    bookings: {entity: booking, can: [create, read, update, delete]}
    entries: {entity: entry, can: [create, read, update, delete]}
auditor:
  grants:
    accounts: {entity: account, can: [read], fields: [name, city]}
    porto: {entity: account, can: [read], rows: 'city == "Porto"', fields: [credit, secret_note]}
remover:
  grants:
    all: {entity: account, can: [read], fields: [name, city, parent]}
    some: {entity: account, can: [delete], rows: 'city == "Vila"'}
clerk:
  grants:
    names: {entity: account, can: [read, update], fields: [name, city]}
usher:
  grants:
    all: {entity: account, can: [read, update], fields: [name, city]}
    porto: {entity: account, can: [read], rows: 'city == "Porto"', fields: [credit]}
idle:
  grants:
    little: {entity: account, can: [read], fields: [name]}
"""

PACK = a_pack(
    "office",
    {"lifecycles/deal.yaml": LIFECYCLE, "roles.yaml": ROLES},
    account=ACCOUNT,
    person=PERSON,
    deal=DEAL,
    line=LINE,
    booking=BOOKING,
    entry=ENTRY,
)


@dataclass(frozen=True)
class Office:
    """An installed office and the people in it."""

    runtime: Runtime
    boss: Actor
    rep: Actor
    auditor: Actor
    admin: Actor

    @property
    def queries(self) -> Any:
        """The reading service."""
        return self.runtime.current().queries

    def run(self, *commands: Command, by: Actor | None = None, **options: Any) -> Outcome:
        """The commands done by the boss, or by whoever is named; one command as by itself."""
        if len(commands) == 1 and "mode" not in options:
            return self.runtime.current().records.do(by or self.boss, commands[0], **options)
        return self.runtime.current().records.execute(by or self.boss, list(commands), **options)

    def make(self, entity: str, by: Actor | None = None, **values: Any) -> UUID:
        """The id of a new record."""
        return self.run(Create(entity, values), by=by).results[0].id

    def change(self, entity: str, record: UUID, by: Actor | None = None, **values: Any) -> Outcome:
        """The record changed."""
        return self.run(Update(entity, Target(record), values), by=by)

    def read(self, entity: str, record: UUID, by: Actor | None = None) -> Mapping[str, Any]:
        """The record as this person sees it."""
        return self.runtime.current().queries.get(by or self.boss, entity, record)

    def list(self, entity: str, by: Actor | None = None, **asked: Any) -> Sequence[Mapping[str, Any]]:
        """The records that this person sees."""
        return self.runtime.current().queries.list(by or self.boss, Query(entity, **asked)).data

    def log_length(self) -> int:
        """How many changes were ever logged."""
        with self.runtime.database.read() as unit:
            return int(unit.execute(sa.select(sa.func.count()).select_from(CHANGE)).scalar_one())


def open_office(runtime: Runtime) -> Office:
    """The office in an installation that has the pack."""
    return Office(
        runtime,
        boss=an_actor(runtime, "bea", ["boss"]),
        rep=an_actor(runtime, "rui", ["rep"]),
        auditor=an_actor(runtime, "ada", ["auditor"]),
        admin=admin_actor(runtime),
    )
