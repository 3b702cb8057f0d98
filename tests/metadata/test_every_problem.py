"""Each problem of definitions by the smallest pack that has it: alone, at its place, with what to do.

`¦` stands before the first character that the problem is about.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.metadata.builders import ACCOUNT, CRM, a_pack, problems_of
from xrm.metadata import METADATA_CODES, PackSource, read_source

MARK = "¦"
MANY_FIELDS = "".join(f"  f{n}: {{type: boolean}}\n" for n in range(501))
THING = "entity: thing\nfields: {name: {type: text}}\n"
LISTED = "all: {type: list, columns: [name]}\n"
BASE = a_pack({"entities/thing.yaml": THING + "features: [files]\n", "views/thing.yaml": LISTED}, "base")
WIDER = a_pack({"extend/thing.yaml": "fields: {size: {type: integer}}\n"}, "base_more")
STATES = "states: {open: {initial: true}, done: {}}\n"


@dataclass(frozen=True)
class Case:
    """Files with one mistake, what is said to do about it, and the packs below."""

    code: str
    hint: str
    files: dict[str, str]
    others: tuple[PackSource, ...] = ()


def entity(text: str) -> dict[str, str]:
    """An entity with a title, and more."""
    return {"entities/ticket.yaml": f"entity: ticket\ntitle: name\nfields:\n  name: {{type: text}}\n{text}"}


def beside(path: str, text: str) -> dict[str, str]:
    """Accounts and contacts with one more file."""
    return {**CRM, path: text}


def manifest(text: str) -> dict[str, str]:
    """A manifest that says more, and a thing."""
    return {
        "pack.yaml": f"pack: p\nversion: 1.0.0\n{text}",
        "entities/own.yaml": THING.replace("thing", "own"),
    }


CASES = [
    Case("M101", "put it in quotes", entity("rules:\n  ok: {must: name in ¦[a, b]}\n")),
    Case("M102", "Keep one", entity("¦title: name\n")),
    Case("M103", "Write the value out", entity("label: ¦&a Ticket\n")),
    Case("M104", "Flatten", entity("label: " + "[" * 59 + "¦" + "[" * 41 + "\n")),
    Case("M105", "Take it out", entity("label: ¦\x07\n")),
    Case("M106", "Check the path", {}, (read_source("no/such/folder"),)),
    Case("M107", "entities/", {"entitys/account.yaml": ACCOUNT}),
    Case("M108", "Take the folder out", beside("automations/late.yaml", "on: {}\n")),
    Case("M108", "Take the field out", entity("  age: {type: ¦formula}\n")),
    Case("M108", "Take it out", {**entity(""), "lifecycles/ticket.yaml": STATES + "transitions:\n  finish: {from: open, to: done, ¦after: 14 days}\n"}),
    Case("M109", "same", {"entities/ticket.yaml": "entity: ¦tiket\nfields: {name: {type: text}}\n"}),
    Case("M110", "max_length", entity("  code: {type: text, ¦max_lenght: 3}\n")),
    Case("M111", "1.0.0", {"pack.yaml": "¦pack: p\n"}),
    Case("M112", "without quotes", entity("  code: {type: text, required: ¦'true'}\n")),
    Case("M113", "organization", entity("ownership: ¦organisation\n")),
    Case("M114", "lower case", entity("  ¦Code: {type: text}\n")),
    Case("M115", "It is 0", entity("  code: {type: text, max_length: ¦0}\n")),
    Case("M116", "Keep one", entity("features: [files, ¦files]\n")),
    Case("M117", "integer", entity("  size: {type: ¦integr}\n")),
    Case("M117", "calendar", beside("views/account.yaml", "month: {type: ¦calender, start: founded_on}\n")),
    Case("M119", "in quotes", entity("rules:\n  ok: {must: contains(name, ¦code)}\n")),
    Case("M210", "account", entity("relationships:\n  about: {to: ¦acount}\n") | CRM),
    Case("M210", "account", beside("views/acount.yaml", "¦all: {type: list, columns: [name]}\n")),
    Case("M211", "phone", beside("views/account.yaml", "all: {type: list, columns: [name, ¦phon]}\n")),
    Case("M211", "account", beside("forms/contact.yaml", "main: {rows: [[name], [¦acount]]}\n")),
    Case("M212", "severity", {**entity("  how: {type: choice, options: ¦severty}\n"), "options/severity.yaml": "options: [p1]\n"}),
    Case("M213", "done", {**entity(""), "lifecycles/ticket.yaml": STATES + "transitions:\n  go: {from: open, to: done}\n  back: {from: ¦doen, to: open}\n"}),
    Case("M214", "clerk", {
        **entity(""),
        "lifecycles/ticket.yaml": STATES + "transitions:\n  finish: {from: open, to: done, roles: [¦clark]}\n",
        "roles.yaml": "clerk: {grants: {all: {entity: ticket, can: [read]}}}\n",
    }),
    Case("M215", "entities.account.fields.name.label", beside("i18n/pt.yaml", "¦entities.account.fields.nam.label: Nome\n")),
    Case("M216", "ref", beside("seed/base.yaml", "records:\n  - {ref: a, entity: contact, values: {name: A, account: ¦{ref: b}}}\n")),
    Case("M217", "another", beside("seed/base.yaml", "records:\n  - {ref: a, entity: account, values: {name: A}}\n  - {ref: ¦a, entity: account, values: {name: B}}\n")),
    Case("M218", "End the path", beside("views/account.yaml", "all: {type: list, columns: [¦phone.number]}\n")),
    Case("M219", "optional", {**manifest(""), "extend/own.yaml": "when_installed: ¦other\n"}),
    Case("M220", "Install", manifest("requires: {¦other: '>=1.0'}\n")),
    Case("M221", "another version", manifest("requires: {¦base: '>=2.0'}\n"), (BASE,)),
    Case("M222", "Take one", manifest("requires: {¦other: '*'}\n"), (a_pack({"pack.yaml": "pack: other\nversion: 1.0.0\nrequires: {p: '*'}\n"}, "other"),)),
    Case("M223", "another name", {"pack.yaml": "¦pack: base\nversion: 1.0.0\n"}, (BASE,)),
    Case("M224", ">=1.0", manifest("requires: {¦base: newest}\n"), (BASE,)),
    Case("M230", "rename", {"entities/thing.yaml": "entity: ¦thing\nfields: {name: {type: text}}\n"}, (BASE,)),
    Case("M231", "p_size", {**manifest("requires: {base_more: '*'}\n"), "extend/thing.yaml": "fields: {¦size: {type: text}}\n"}, (BASE, WIDER)),
    Case("M232", "whole list", entity("¦features: {add: [files]}\n")),
    Case("M233", "files", {**manifest("requires: {base: '*'}\n"), "extend/thing.yaml": "features: {remove: [¦tags]}\n"}, (BASE,)),
    Case("M234", "Take one", {"entities/a.yaml": "entity: a\nlike: b\nfields: {name: {type: text}}\n", "entities/b.yaml": "entity: b\nlike: ¦a\nfields: {name: {type: text}}\n"}),
    Case("M240", "revision", entity("  ¦version: {type: integer}\n")),
    Case("M240", "rename", entity("  ¦owner: {type: text}\nownership: user_or_team\n")),
    Case("M240", "Rename", {"entities/any.yaml": "entity: ¦any\nfields: {name: {type: text}}\n"}),
    Case("M241", "another inverse", entity("relationships:\n  a: {to: account, inverse: tickets}\n  ¦b: {to: account, inverse: tickets}\n") | CRM),
    Case("M242", "via", {**CRM, **entity("relationships:\n  lines: {from: ¦line, owned: true}\n"), "entities/line.yaml": "entity: line\nfields: {name: {type: text}}\nrelationships: {a: {to: ticket}, b: {to: ticket}}\n"}),
    Case("M243", "Add a relationship", entity("relationships:\n  deals: {from: ¦account}\n") | CRM),
    Case("M244", "like party", {**entity("relationships:\n  who: {to: ¦party}\n"), "entities/party.yaml": "entity: party\nabstract: true\n"}),
    Case("M245", "many", entity("relationships:\n  a: {to: account, ¦attributes: {role: {type: text}}}\n") | CRM),
    Case("M246", "restrict", entity("relationships:\n  a: {to: account, required: true, ¦on_delete: clear}\n") | CRM),
    Case("M247", "one side", {
        "entities/a.yaml": "entity: a\nfields: {name: {type: text}}\nrelationships: {lines: {from: line, owned: true}}\n",
        "entities/b.yaml": "entity: b\nfields: {name: {type: text}}\nrelationships: {lines: {from: line, owned: true}}\n",
        "entities/line.yaml": "entity: line\nfields: {name: {type: text}}\nrelationships: {a: {to: a}, ¦b: {to: b}}\n",
    }),
    Case("M250", "type", entity("  ¦size: {label: Size}\n")),
    Case("M250", "to", entity("relationships:\n  ¦about: {label: About}\n")),
    Case("M251", "integer", entity("  ¦size: {type: integer, min: 5, max: 1}\n")),
    Case("M252", "Take unique out", entity("  ¦logo: {type: image, unique: true}\n")),
    Case("M253", "Take search out", entity("  ¦born_on: {type: date, search: true}\n")),
    Case("M254", "high", entity("  how: {type: choice, options: [low, high], default: ¦hihg}\n")),
    Case("M255", "owned child", {"entities/wide.yaml": f"entity: ¦wide\ntitle: name\nfields:\n  name: {{type: text}}\n{MANY_FIELDS}"}),
    Case("M256", "title", {"entities/dot.yaml": "entity: ¦dot\nfields: {size: {type: integer}}\n"}),
    Case("M257", "Choose one", entity("keys:\n  one: {fields: [¦links]}\nrelationships:\n  links: {to: account, many: true}\n") | CRM),
    Case("M258", "7 years", entity("  done_on: {type: date}\nprivacy: {retain: ¦long}\n")),
    Case("M259", "date", beside("views/account.yaml", "month: {type: calendar, start: ¦phone}\n")),
    Case("M259", "order", beside("views/account.yaml", "all: {type: list, columns: [name], sort: [¦bio]}\n") | {"entities/account.yaml": ACCOUNT + "  bio: {type: long_text}\n"}),
    Case("M260", "Keep one", {**manifest("requires: {base: '*'}\n"), "extend/thing.yaml": "views: {all: {columns: {add: [¦name]}}}\n"}, (BASE,)),
    Case("M261", "Take index out", entity("  ¦note: {type: long_text, index: true}\n")),
    Case("M262", "two dates", entity("  a: {type: date}\nkeys:\n  ¦span: {fields: [name], no_overlap: [a, name]}\n")),
    Case("M280", "Add name", beside("roles.yaml", "guest:\n  grants:\n    see: {entity: account, can: [read], fields: ¦[phone]}\n")),
    Case("M282", "Take it out", beside("roles.yaml", "clerk:\n  grants:\n    ¦steps: {entity: contact, can: [read, transition]}\n")),
    Case("M301", "initial: true", {**entity(""), "lifecycles/ticket.yaml": "¦states: {open: {}, done: {}}\ntransitions: {go: {from: open, to: done}}\n"}),
    Case("M302", "Add a transition", {**entity(""), "lifecycles/ticket.yaml": "states: {open: {initial: true}, ¦lost: {}}\n"}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{c.code}-{n}" for n, c in enumerate(CASES)])
def test_one_mistake_is_one_problem_at_its_place_with_what_to_do(case: Case):
    files = {path: text.replace(MARK, "") for path, text in case.files.items()}
    problems = problems_of(files, *case.others)
    assert [(p.code, p.where.line, p.where.column) for p in problems] == [(case.code, *_marked(case))]
    assert case.hint in f"{problems[0].message} {problems[0].hint}"


def _marked(case: Case) -> tuple[int, int]:
    """Line and column of the mark, or twice 0 where the problem is about a whole file."""
    for text in case.files.values():
        before, mark, _ = text.partition(MARK)
        if mark:
            return before.count("\n") + 1, len(before) - before.rfind("\n")
    return 0, 0


def test_every_problem_of_definitions_is_shown_here():
    assert {c.code for c in CASES} == set(METADATA_CODES) - {"M100"}
