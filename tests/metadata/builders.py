"""Small packs written inside tests: files as text, a model or problems as the answer."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

from xrm.errors import Problem
from xrm.metadata import Layer, Model, PackSource, judge, load_model

MANIFEST = "pack: {name}\nlabel: A pack\nversion: 1.0.0\n"
NO_CORE = PackSource("core", {"pack.yaml": MANIFEST.format(name="core").encode()}, Layer.CORE)


def a_pack(files: Mapping[str, str], name: str = "p", layer: Layer = Layer.PACK) -> PackSource:
    """A pack of these files; a manifest is added where a pack needs one and the files have none."""
    named = {path: dedent(text).encode() for path, text in files.items()}
    if layer is Layer.PACK:
        named.setdefault("pack.yaml", MANIFEST.format(name=name).encode())
    return PackSource(name, named, layer)


def customised(files: Mapping[str, str]) -> PackSource:
    """The layer in which an organisation changes what packs say."""
    return a_pack(files, "ours", Layer.CUSTOMISATION)


def model_of(files: Mapping[str, str], *others: PackSource) -> Model:
    """The model of one pack, after those it stands on, without the core layer's entities."""
    return load_model([NO_CORE, *others, a_pack(files)])


def problems_of(files: Mapping[str, str], *others: PackSource) -> tuple[Problem, ...]:
    """Everything that is wrong with one pack, after those it stands on."""
    return judge([NO_CORE, *others, a_pack(files)]).problems


def said(problems: tuple[Problem, ...]) -> list[str]:
    """Place and code of each problem, in order."""
    return [f"{p.where} {p.code}" for p in problems]


ACCOUNT = """\
entity: account
ownership: user_or_team
title: name
fields:
  name: {type: text, required: true, search: true}
  kind: {type: choice, options: [business, household], default: business}
  phone: {type: phone}
  revenue: {type: money}
  founded_on: {type: date}
"""
CONTACT = """\
entity: contact
title: name
fields:
  name: {type: text, required: true}
  email: {type: email, privacy: personal}
relationships:
  account: {to: account, inverse: contacts, on_delete: restrict}
"""
CRM = {"entities/account.yaml": ACCOUNT, "entities/contact.yaml": CONTACT}
USES = {
    **CRM,
    "options/tone.yaml": "options: [low, high]\n",
    "entities/bell.yaml": """
        entity: bell
        title: name
        ownership: user_or_team
        fields:
          name: {type: text, required_when: tone == "low"}
          tone: {type: choice, options: tone}
          phone: {from: account.phone}
        relationships:
          account: {to: account, inverse: bells, filter: 'kind == "business"'}
        keys: {one: {fields: [name, account]}}
        rules: {ok: {must: account.name != empty, field: name}}
        indexes: [[name]]
        """,
    "lifecycles/bell.yaml": """
        states: {quiet: {initial: true}, loud: {}}
        transitions: {ring: {from: quiet, to: loud, roles: [ringer], requires: [tone], guard: name != empty}}
        """,
    "views/bell.yaml": """
        all:
          type: list
          columns: [name, account.name]
          sort: [-name]
          filter: 'name != empty and state in ["quiet"]'
        """,
    "forms/bell.yaml": "main: {sections: {one: {visible_when: name != empty, rows: [[name]]}}}\n",
    "roles.yaml": """
        ringer: {grants: {all: {entity: bell, can: [read], fields: [name], rows: name != empty}}}
        """,
    "seed/base.yaml": "records: [{ref: b, entity: bell, values: {name: B}}]\n",
    "i18n/pt.yaml": """
        entities.bell.fields.name.label: Nome
        entities.bell.keys.one.message: Já existe.
        views.bell.all.label: Todos
        """,
}
