"""A rename is said once, where a thing is defined; everything that still says the former name means it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.metadata.builders import ACCOUNT, CRM, NO_CORE, USES, a_pack, customised
from xrm.errors import Problem
from xrm.metadata import (
    DocumentCache,
    Layer,
    Model,
    PackSource,
    canonical_json,
    core_source,
    judge,
    load_model,
    read_source,
)
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.model import Entity, text_of
from xrm.metadata.reading import Reader

ROOT = Path(__file__).parents[2]
SUFFIX = "_zq"


def judged(*sources: PackSource) -> tuple[Model, tuple[Problem, ...]]:
    found = judge([NO_CORE, *sources])
    return found.model, found.problems


def said(notes: tuple[Problem, ...]) -> list[str]:
    return [f"{n.where} {n.message}" for n in notes]


BASE = {**CRM, "entities/account.yaml": ACCOUNT.replace("phone: {", "telephone: {renamed_from: phone, ")}


def test_a_formula_of_another_pack_means_the_new_name_and_its_place_is_noted():
    other = a_pack(
        {
            "pack.yaml": "pack: other\nlabel: O\nversion: 1.0.0\nrequires: {p: '>=1.0'}\n",
            "extend/account.yaml": 'extend: account\nrules:\n  ok: {must: kind != empty and phone != ""}\n',
        },
        "other",
    )
    model, problems = judged(a_pack(BASE), other)
    assert problems == ()
    assert "telephone" in repr(model.entities["account"].rules["ok"].must.tree)
    assert [r.source for r in model.uses("field:account.telephone")] == ["rule:account.ok.must"]
    assert said(model.notes) == ['other/extend/account.yaml:3:32 account: "phone" is called "telephone" now.']
    assert model.notes[0].code == "M290"
    assert model.notes[0].hint == "Write telephone."


def test_a_customisation_of_the_former_name_changes_what_has_the_new_one():
    ours = customised(
        {
            "entities/account.yaml": "fields:\n  phone: {label: Rufnummer, help: With code}\n",
            "forms/account.yaml": "main: {sections: {one: {rows: [[name, phone]]}}}\n",
            "i18n/pt.yaml": "entities.account.fields.phone.label: Telefone\n",
        }
    )
    model, problems = judged(a_pack(BASE), ours)
    assert problems == ()
    field = model.entities["account"].fields["telephone"]
    assert dict(field.label) == {"en": "Rufnummer", "pt": "Telefone"}
    assert model.entities["account"].forms["main"].sections[0].rows == (("name", "telephone"),)
    assert [str(n.where) for n in model.notes] == [
        "ours/entities/account.yaml:2:3",
        "ours/forms/account.yaml:1:39",
        "ours/i18n/pt.yaml:1:1",
    ]


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ("{remove: [phone]}", ("name", "kind")),
        ("{add: [revenue], after: phone}", ("name", "telephone", "revenue", "kind")),
    ],
)
@pytest.mark.parametrize("listed", ["phone", "telephone"])
def test_a_change_of_a_list_by_the_former_name_finds_its_item(
    change: str, columns: tuple[str, ...], listed: str
):
    views = f"all: {{type: list, columns: [name, {listed}, kind]}}\n"
    ours = customised({"views/account.yaml": f"all: {{columns: {change}}}\n"})
    model, problems = judged(a_pack({**BASE, "views/account.yaml": views}), ours)
    assert problems == ()
    assert model.entities["account"].views["all"].columns == columns


def test_a_former_name_that_something_else_has_now_means_that():
    files = {**BASE, "entities/account.yaml": f"{BASE['entities/account.yaml']}  phone: {{type: text}}\n"}
    files["views/account.yaml"] = "all: {type: list, columns: [name, phone]}\n"
    model, problems = judged(a_pack(files))
    assert problems == ()
    assert model.entities["account"].views["all"].columns == ("name", "phone")
    assert model.notes == ()


def test_a_renamed_entity_is_found_by_every_document_about_it():
    files = {
        **{path: text for path, text in USES.items() if path != "entities/bell.yaml"},
        "entities/gong.yaml": USES["entities/bell.yaml"].replace(
            "entity: bell", "entity: gong\n        renamed_from: bell"
        ),
        "pack.yaml": "pack: p\nlabel: P\nversion: 1.0.0\nmenu: {all: {entities: [account, bell]}}\n",
    }
    model, problems = judged(a_pack(files))
    assert problems == ()
    gong = model.entities["gong"]
    assert "bell" not in model.entities
    assert list(gong.views) == ["all"]
    assert list(gong.lifecycle.transitions) == ["ring"] if gong.lifecycle else False
    assert text_of(gong.fields["name"].label, "pt") == "Nome"
    assert model.roles["ringer"].grants["all"].entities == ("gong",)
    assert model.packs["p"].menu[0].entities == ("account", "gong")
    assert {str(n.where).split(":")[0] for n in model.notes} == {
        "p/views/bell.yaml", "p/forms/bell.yaml", "p/lifecycles/bell.yaml", "p/roles.yaml",
        "p/seed/base.yaml", "p/i18n/pt.yaml", "p/pack.yaml",
    }  # fmt: skip


def test_the_other_side_that_was_called_by_a_former_name_keeps_it_as_one():
    contact = "entity: person\nrenamed_from: contact\ntitle: name\nfields: {name: {type: text}}\n"
    contact += "relationships: {account: {to: account}}\n"
    account = f"{ACCOUNT}rules: {{ok: {{must: count(contact_by_account) > 0}}}}\n"
    model, problems = judged(a_pack({"entities/account.yaml": account, "entities/person.yaml": contact}))
    assert problems == ()
    side = model.entities["account"].relationships["person_by_account"]
    assert side.renamed_from == ("contact_by_account",)


def test_a_renamed_option_is_found_in_formulas_defaults_changes_seeds_and_translations():
    account = ACCOUNT.replace(
        "options: [business, household], default: business",
        "options: {firm: {renamed_from: business}, household: {}}, default: business",
    )
    files = {
        "entities/account.yaml": f'{account}rules: {{ok: {{must: \'kind in ["household", "business"]\'}}}}\n',
        "seed/base.yaml": "records: [{ref: a, entity: account, values: {name: A, kind: business}}]\n",
        "i18n/pt.yaml": "entities.account.fields.kind.options.business: Empresa\n",
    }
    ours = customised(
        {"entities/account.yaml": "fields: {kind: {options: {add: [club], after: business}}}\n"}
    )
    model, problems = judged(a_pack(files), ours)
    assert problems == ()
    kind = model.entities["account"].fields["kind"]
    assert [o.key for o in kind.options] == ["firm", "club", "household"]
    assert text_of(kind.options[0].label, "pt") == "Empresa"
    rule = model.entities["account"].rules["ok"].must
    assert rule.renewed == 'kind in ["household", "firm"]'
    assert model.uses("option:account.kind.firm")
    assert kind.default is not None
    assert kind.default.text == "firm"


def test_a_renamed_role_keeps_its_grants_steps_and_people():
    files = {
        **USES,
        "roles.yaml": USES["roles.yaml"].replace("ringer: {", "bellman: {renamed_from: ringer, label: B, "),
        "seed/people.yaml": "people: {users: [{name: A, email: a@b.pt, roles: [ringer]}]}\n",
    }
    other = a_pack(
        {
            "pack.yaml": "pack: other\nlabel: O\nversion: 1.0.0\nrequires: {p: '>=1.0'}\n",
            "roles.yaml": "ringer: {grants: {firms: {entity: account, can: [read]}}}\n",
        },
        "other",
    )
    model, problems = judged(a_pack(files), other)
    assert problems == ()
    assert list(model.roles) == ["bellman"]
    assert list(model.roles["bellman"].grants) == ["all", "firms"]
    lifecycle = model.entities["bell"].lifecycle
    assert lifecycle is not None
    assert lifecycle.transitions["ring"].roles == ("bellman",)
    assert model.roles["bellman"].renamed_from == ("ringer",)


def test_the_other_side_that_both_files_name_is_renamed_by_its_owner():
    account = f"{ACCOUNT}relationships: {{people: {{from: contact, owned: true, renamed_from: contacts}}}}\n"
    ours = customised({"forms/account.yaml": "main: {rows: [contacts]}\n"})
    model, problems = judged(a_pack({**CRM, "entities/account.yaml": account}), ours)
    assert problems == ()
    assert model.entities["account"].relationships["people"].owned
    assert model.entities["contact"].relationships["account"].inverse == "people"
    assert model.entities["account"].forms["main"].sections[0].rows == (("people",),)
    assert [str(n.where) for n in model.notes] == [
        "ours/forms/account.yaml:1:15",
        "p/entities/contact.yaml:7:35",
    ]


def test_a_grant_of_two_entities_gives_the_name_that_each_of_them_has():
    roles = "seller: {grants: {all: {entity: [account, contact], can: [read], fields: [name, phone]}}}\n"
    contact = CRM["entities/contact.yaml"].replace("  email:", "  phone: {type: phone}\n  email:")
    model, problems = judged(a_pack({**BASE, "entities/contact.yaml": contact, "roles.yaml": roles}))
    assert problems == ()
    given = model.roles["seller"].grants["all"].fields
    assert given == {"account": {"name", "telephone"}, "contact": {"name", "phone"}}
    assert said(model.notes) == ['p/roles.yaml:1:81 account: "phone" is called "telephone" now.']


def test_the_person_of_a_portal_is_known_by_the_present_name_of_contacts():
    person = CRM["entities/contact.yaml"].replace("entity: contact", "entity: person\nrenamed_from: contact")
    roles = "guest: {grants: {own: {entity: contact, can: [read], rows: id == my.contact}}}\n"
    files = {"entities/account.yaml": ACCOUNT, "entities/person.yaml": person, "roles.yaml": roles}
    model, problems = judged(a_pack(files))
    assert problems == ()
    assert model.roles["guest"].grants["own"].entities == ("person",)


def test_a_scenario_by_former_names_is_read_and_noted():
    scenario = """\
scenario: A firm is made
given:
  - {create: account, name: a, values: {name: A, phone: "+351211234567"}}
when:
  - {update: a, values: {phone: null}}
then:
  - {expect: a.phone == empty}
  - {count: account, where: phone != empty, is: 0}
"""
    account = BASE["entities/account.yaml"].replace("entity: account", "entity: firm\nrenamed_from: account")
    files = {"entities/firm.yaml": account, "scenarios/made.yaml": scenario}
    model, problems = judged(a_pack(files))
    assert problems == ()
    assert [n.where.line for n in model.notes if "phone" in n.message] == [3, 5]
    assert [n.where.line for n in model.notes if "account" in n.message] == [3, 8]


def test_two_options_that_claim_one_former_key_are_refused():
    account = ACCOUNT.replace(
        "options: [business, household], default: business",
        "options: {a: {renamed_from: x}, b: {renamed_from: x}}",
    )
    _, problems = judged(a_pack({"entities/account.yaml": account}))
    assert [p.code for p in problems] == ["M236"]


# --- all names of the shipped packs -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """Something in a definition that has a name."""

    entity: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.entity}.{self.name}" if self.kind else self.entity


def shipped() -> list[PackSource]:
    packs = [read_source(ROOT / "entity_packs" / name) for name in ("crm_core", "crm_sales")]
    return [core_source(), *packs]


def entities_of(sources: list[PackSource], cache: DocumentCache) -> dict[str, Any]:
    """What the files of packs say about each entity, before anything is made of it."""
    reader = Reader(builtin_registry(), cache)
    docs = [doc for s in sources if s.layer is not Layer.CORE for doc in reader.read(s).docs]
    return {doc.name: doc.source.raw for doc in docs if doc.kind == "entity"}


def every_name(entities: Mapping[str, Any], model: Model) -> Iterator[Named]:
    before = {e.name: {*e.fields, *e.relationships} for e in model.entities.values()}
    for entity, raw in entities.items():
        yield Named(entity, "", entity)
        # What the entity says anew of a shape's member goes on to be the shape's.
        taken = before.get(raw.get("like", ""), {})
        members = [(kind, name) for kind in ("fields", "relationships") for name in raw.get(kind, ())]
        yield from (Named(entity, kind, name) for kind, name in members if name not in taken)


def renamed(source: PackSource, named: Named, raw: Any, before: Model) -> PackSource:
    """The source with the one definition under another name, and all else as it was."""
    path = f"entities/{named.entity}.yaml"
    if path not in source.files:
        return source
    entity = before.entities[named.entity]
    new = f"{named.name}{SUFFIX}"
    if not named.kind:
        labels = {"label": entity.label["en"], "plural": entity.plural["en"]}
        raw = {**labels, **raw, "entity": new, "renamed_from": named.name}
    else:
        raw = {**raw, named.kind: dict(_with_new_name(raw[named.kind], named, new, entity))}
    files = {p: content for p, content in source.files.items() if p != path}
    files[f"entities/{raw['entity']}.json"] = orjson.dumps(raw, default=float)
    return PackSource(source.name, files, source.layer, source.problems, source.folder)


def _with_new_name(
    members: Mapping[str, Any], named: Named, new: str, entity: Entity
) -> Iterator[tuple[str, Any]]:
    known = {**entity.fields, **entity.relationships}
    for name, body in members.items():
        if name == named.name:
            yield new, {"label": known[name].label["en"], **body, "renamed_from": name}
        else:
            yield name, body


def meaning(model: Model) -> Any:
    """What the model means, with the name that was given for one of its own taken back."""
    text = canonical_json(model).decode().replace(SUFFIX, "").replace(SUFFIX.replace("_", " "), "")
    return _without_former_names(orjson.loads(text))


def _without_former_names(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: _without_former_names(v) for k, v in value.items() if k != "renamed_from"}
        return {k: sorted(v) if isinstance(v, list) and _are_words(v) else v for k, v in kept.items()}
    return [_without_former_names(v) for v in value] if isinstance(value, list) else value


def _are_words(value: list[Any]) -> bool:
    return all(isinstance(item, str) for item in value)


def uses(model: Model) -> set[tuple[str, str]]:
    return {(r.target.replace(SUFFIX, ""), r.source.replace(SUFFIX, "")) for r in model.references}


def test_whatever_is_renamed_in_the_shipped_packs_they_mean_the_same(
    scale: Callable[[int, int], int], tmp_path: Path
):
    sources, cache = shipped(), DocumentCache(tmp_path)
    before, entities = load_model(sources, cache=cache), entities_of(sources, cache)
    named = [n for n in every_name(entities, before) if len(n.name) + len(SUFFIX) <= 36]
    assert len(named) > 100
    texts = {f"{s.name}/{p}": c.decode().splitlines() for s in sources for p, c in s.files.items()}
    meant, used = meaning(before), uses(before)
    for one in named[:: max(1, len(named) // scale(2, len(named)))]:
        raw = entities[one.entity]
        after = load_model([renamed(s, one, raw, before) for s in sources], cache=cache)
        assert meaning(after) == meant, one
        assert uses(after) == used, one
        for note in after.notes:
            lines = texts.get(note.where.file)
            line = note.where.line
            assert lines is None or not line or one.name in lines[line - 1], (one, note)


def test_a_way_to_find_duplicates_means_the_new_name_too():
    other = a_pack(
        {
            "pack.yaml": "pack: other\nlabel: O\nversion: 1.0.0\nrequires: {p: '>=1.0'}\n",
            "extend/account.yaml": "extend: account\nduplicates:\n  same: {match: [{field: phone}, phone]}\n",
        },
        "other",
    )
    model, problems = judged(a_pack(BASE), other)
    assert problems == ()
    assert [m.path for m in model.entities["account"].duplicates["same"].match] == [("telephone",)] * 2
    assert [r.source for r in model.uses("field:account.telephone")] == ["duplicate:account.same.match"] * 2
    assert [note.where.column for note in model.notes] == [26, 34]


def test_a_renamed_option_or_field_is_found_where_options_depend_on_it():
    account = """\
        entity: account
        title: name
        fields:
          name: {type: text}
          size: {type: integer, renamed_from: [height]}
          kind: {type: choice, options: {firm: {renamed_from: business}, household: {}}}
          tone: {type: choice, options: tone, options_when: {deep: kind == "business"}}
          care: {type: choice, options: {full: {when: height > 2}, some: {}}}
        """
    tone = "options: {low: {renamed_from: deep}, high: {}}\n"
    model, problems = judged(a_pack({"entities/account.yaml": account, "options/tone.yaml": tone}))
    assert problems == ()
    fields = model.entities["account"].fields
    assert fields["tone"].options_when["low"].renewed == 'kind == "firm"'
    assert fields["care"].options_when["full"].renewed == "size > 2"
    assert {r.source for r in model.uses("option:account.kind.firm")} == {
        "field:account.tone.options.low.when"
    }
    assert {r.source for r in model.uses("field:account.size")} == {"field:account.care.options.full.when"}
    assert {r.source for r in model.uses("option:account.tone.low")} == {"field:account.tone.options_when"}
    assert [n.code for n in model.notes] == ["M290"] * 3


def test_what_rules_kept_in_records_and_rates_of_amounts_name_is_found_by_its_former_name():
    term = """\
        entity: term
        title: text
        fields:
          text: {type: text, renamed_from: words}
          applies: {type: expression, entity: account, renamed_from: counts}
        relationships:
          account: {to: account, inverse: {name: terms, renamed_from: clauses}}
          asks: {to: contact, renamed_from: wants}
        """
    extension = """\
        extend: account
        fields: {due: {type: money, rate_on: begun_on}}
        relationships: {met: {to: contact, many: true}}
        rules:
          told: {each: clauses, holds: counts, must: words != empty, say: words, choose: wants, into: met, field: phone}
        """
    account = BASE["entities/account.yaml"].replace("founded_on: {", "founded_on: {renamed_from: begun_on, ")
    manifest = "pack: other\nlabel: O\nversion: 1.0.0\nrequires: {p: '>=1.0'}\n"
    other = a_pack({"pack.yaml": manifest, "extend/account.yaml": extension}, "other")
    model, problems = judged(
        a_pack({**BASE, "entities/account.yaml": account, "entities/term.yaml": term}), other
    )
    assert problems == ()
    rule = model.entities["account"].kept_rules["told"]
    names = (rule.path, rule.holds, rule.say, rule.choose, rule.field)
    assert names == (("terms",), "applies", "text", "asks", "telephone")
    assert model.entities["account"].fields["due"].params == {"rate_on": "founded_on"}
    used = {target: {r.source for r in model.uses(f"field:{target}")} for target in (
        "account.terms", "account.founded_on", "account.telephone", "term.applies", "term.asks",
    )}  # fmt: skip
    assert used == {
        "account.terms": {"rule:account.told.each"},
        "account.founded_on": {"field:account.due.rate_on"},
        "account.telephone": {"rule:account.told.field"},
        "term.applies": {"rule:account.told.holds"},
        "term.asks": {"rule:account.told.choose"},
    }
