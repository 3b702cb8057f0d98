"""An installation with secrets, and somebody to look for them: the world of the second paths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from xrm.engine.commands import (
    Actor,
    Command,
    Create,
)
from xrm.engine.queries.request import Query
from xrm.engine.runtime import Runtime
from xrm.errors import XrmError
from xrm.testing import a_pack

FIRM = """
title: name
fields:
  name: {type: text, required: true, search: true}
  town: {type: text, search: true}
  size: {type: integer}
  tax_number: {type: text, unique: true, sensitive: true}
  memo: {type: long_text, sensitive: true, search: true}
  token: {type: secret}
  chief_size: {from: chief.age}
relationships:
  chief: {to: worker, inverse: leads, on_delete: clear}
  patron: {to: firm, sensitive: true, inverse: protects, on_delete: clear}
keys:
  place: {fields: [name, town]}
rules:
  modest: {must: "size < 100", when: "size != empty and memo == empty"}
"""
WORKER = """
title: name
fields:
  name: {type: text, required: true, search: true}
  age: {type: integer}
  code: {type: text, sensitive: true}
relationships:
  firm: {to: firm, inverse: staff, on_delete: cascade}
keys:
  by_code: {fields: [code]}
"""
CASE = """
title: name
fields:
  name: {type: text, required: true, search: true}
  verdict: {type: text, sensitive: true}
relationships:
  firm: {to: firm, inverse: cases, on_delete: restrict}
  jury: {to: worker, many: true, inverse: judges, attributes: {seat: {type: text}}}
  notes: {from: remark, owned: true}
"""
REMARK = "title: text\nfields: {text: {type: text, required: true}}"
DESK = """
title: name
ownership: user_or_team
fields: {name: {type: text, required: true}, city: {type: text}, pay: {type: integer}}
"""
LIFECYCLE = """
states: {open: {initial: true}, shut: {}}
transitions:
  shut: {from: open, to: shut, requires: [verdict], guard: 'verdict != "none"'}
"""
VIEWS = "all: {type: list, columns: [name, size], sort: [-size]}\n"
ROLES = """
boss:
  grants:
    firms: {entity: firm, can: [create, read, update, delete],
      fields: [name, town, size, tax_number, memo, token, chief, patron, protects, staff, cases, chief_size]}
    workers: {entity: worker, can: [create, read, update, delete],
      fields: [name, age, code, firm, leads, judges]}
    cases: {entity: case, can: [create, read, update, delete, transition],
      fields: [name, verdict, firm, jury, notes]}
namer:
  grants:
    firms: {entity: firm, can: [create, read], fields: [name, town]}
porto:
  grants:
    all: {entity: firm, can: [read], fields: [name, town]}
    some: {entity: firm, can: [read], rows: 'town == "porto"',
      fields: [name, size, tax_number, memo, staff, cases, chief]}
    workers: {entity: worker, can: [read], fields: [name, age, firm]}
    cases: {entity: case, can: [read], fields: [name, jury]}
young:
  grants:
    workers: {entity: worker, can: [read, delete], rows: age < 30, fields: [name, age, firm]}
    firms: {entity: firm, can: [read, delete, update], rows: 'town == "porto"'}
loose:
  grants:
    firms: {entity: firm, can: [read]}
    workers: {entity: worker, can: [read], fields: [name, age]}
judge:
  grants:
    firms: {entity: firm, can: [read]}
    workers: {entity: worker, can: [read], fields: [name]}
clerk:
  grants:
    cases: {entity: case, can: [create, read, update, transition], fields: [name, jury, firm]}
    workers: {entity: worker, can: [read], rows: age < 30}
    firms: {entity: firm, can: [create, update, read], fields: [name, size, town]}
scribe:
  grants:
    remarks: {entity: remark, can: [read], fields: [text]}
    cases: {entity: case, can: [read], fields: [name]}
    some: {entity: case, can: [read], rows: 'name == "public"', fields: [name, notes]}
pointer:
  grants:
    firms: {entity: firm, can: [update], fields: [chief]}
    young: {entity: worker, can: [read], rows: age < 30}
sayer:
  grants:
    firms: {entity: firm, can: [read, update], fields: [name, chief, size]}
settler:
  grants:
    all: {entity: firm, can: [create, read], fields: [name, town]}
    some: {entity: firm, can: [create, read], rows: 'town == "porto"', fields: [name, town, size]}
owner:
  grants:
    own: {entity: desk, can: [create, read], rows: owner == me, fields: [name, city]}
    some: {entity: desk, can: [create, read], rows: 'city == "x"'}
maker:
  grants:
    firms: {entity: firm, can: [create], fields: [name, town]}
"""
PACK = a_pack(
    "den",
    {"roles.yaml": ROLES, "lifecycles/case.yaml": LIFECYCLE, "views/firm.yaml": VIEWS},
    firm=FIRM, worker=WORKER, case=CASE, remark=REMARK, desk=DESK,
)  # fmt: skip


@dataclass(frozen=True)
class Den:
    """An installation with secrets, and somebody to look for them."""

    runtime: Runtime
    someone: Actor

    def as_(self, *roles: str) -> Actor:
        """The same person with other roles."""
        return replace(self.someone, roles=frozenset(roles))

    def run(self, roles: str, *commands: Command) -> Any:
        """The commands done; one command as by itself."""
        records, actor = self.runtime.current().records, self.as_(*roles.split("+"))
        return (
            records.do(actor, commands[0]) if len(commands) == 1 else records.execute(actor, list(commands))
        )

    def make(self, entity: str, **values: Any) -> UUID:
        """A new record of the boss."""
        return self.run("boss", Create(entity, values)).results[0].id

    def list(self, roles: str, entity: str, **asked: Any) -> Any:
        """The records that somebody with these roles gets."""
        return self.queries.list(self.as_(*roles.split("+")), Query(entity, **asked)).data

    @property
    def queries(self) -> Any:
        """The reading service."""
        return self.runtime.current().queries

    def refused(self, roles: str, *commands: Command, error: type[XrmError] = XrmError) -> str:
        """What the refusal says."""
        with pytest.raises(error) as refusal:
            self.run(roles, *commands)
        return " ".join(f"{p.message} {p.hint} {p.where.path}" for p in refusal.value.problems)


def to(record: UUID, entity: str = "") -> dict[str, str]:
    """A pointer as callers send it."""
    return {"id": str(record), **({"entity": entity} if entity else {})}
