"""A pack in which everything is right, and the one that it stands on, as files."""

from __future__ import annotations

LOW = {
    "entities/firm.yaml": """\
entity: firm
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true}
  kind: {type: choice, options: [big, small]}
  phone: {type: phone}
""",
    "views/firm.yaml": """\
all:
  type: list
  columns: [name, kind]
""",
    "options/tone.yaml": "options: [low, high]\n",
    "roles.yaml": "guest: {grants: {firms: {entity: firm, can: [read]}}}\n",
}

RIGHT = {
    "pack.yaml": """\
pack: p
label: A pack
version: 1.0.0
license: MIT
requires:
  low: ">=1.0"
optional:
  extra: ">=2.0"
summary: What it is for.
""",
    "settings.yaml": """\
days:
  label: Days
  type: integer
  default: 5
mode:
  type: choice
  options: [fast, slow]
  default: fast
""",
    "options/mood.yaml": """\
label: Mood
options:
  good:
    color: green
  bad:
    color: red
""",
    "entities/shape.yaml": """\
entity: shape
abstract: true
fields:
  remark: {type: text}
""",
    "entities/bell.yaml": """\
entity: bell
label: Bell
plural: Bells
icon: bell
like: shape
title: name + " " + code
ownership: user_or_team
fields:
  name:
    type: text
    label: Name
    help: What people call it.
    required: true
    max_length: 80
    required_when: tone == "low"
  code: {type: text, max_length: 10}
  tone:
    type: choice
    options: tone
    default: low
  mood:
    type: choice
    options: mood
    options_when: {good: size > 1}
  rope:
    type: choice
    options:
      hemp: {when: size > 2}
      wire: {}
  size:
    type: integer
    min: 1
    default: 3
  price: {type: money}
  cast_on:
    type: date
    default: today()
    visible_when: size > 1
  hung_on: {type: date}
  phone:
    from: firm.phone
  secret_note:
    type: long_text
    sensitive: true
relationships:
  firm:
    to: firm
    inverse: bells
    on_delete: restrict
    filter: kind == "big"
  tower:
    to: tower
    required: true
    inverse: bells
  mates:
    to: bell
    many: true
    attributes:
      strength:
        type: integer
      since: {type: date}
keys:
  one:
    fields: [name, code]
    message: There is one already.
  span:
    fields: [tower]
    no_overlap: [cast_on, hung_on]
rules:
  ok:
    must: size > 0
    field: size
    message: Bells have a size.
  late:
    must: hung_on >= cast_on
    when: hung_on != empty
indexes:
  - [name, code]
  - [tone]
""",
    "entities/tower.yaml": """\
entity: tower
title: name
fields:
  name: {type: text}
  height: {type: decimal}
relationships:
  floors:
    from: floor
    owned: true
""",
    "entities/floor.yaml": """\
entity: floor
title: name
fields:
  name: {type: text}
""",
    "extend/firm.yaml": """\
extend: firm
fields:
  motto: {type: text}
  founded_on: {type: date}
rules:
  named:
    must: motto != name
views:
  mottos:
    type: list
    columns: [name, motto]
forms:
  quick:
    rows:
      - [name, motto]
""",
    "lifecycles/bell.yaml": """\
states:
  quiet:
    initial: true
    color: blue
  loud: {}
  broken:
    final: true
transitions:
  ring:
    from: quiet
    to: loud
    roles: [ringer]
    requires: [tone]
    guard: size > 0
  drop:
    from: [quiet, loud]
    to: broken
    reason: required
""",
    "views/bell.yaml": """\
all:
  type: list
  label: All bells
  columns:
    - name
    - code
    - firm.name
  sort: [name]
  filter: size > 0
others:
  type: list
  columns: [name, tone]
  sort: [-cast_on]
""",
    "forms/bell.yaml": """\
main:
  sections:
    one:
      label: One
      rows:
        - [name, code]
        - [tone]
    two:
      visible_when: size > 2
      rows:
        - [firm, tower]
quick:
  rows:
    - [name]
    - [size, hung_on]
""",
    "roles.yaml": """\
ringer:
  label: Ringer
  grants:
    bells:
      entity: bell
      can: [create, read, update]
      rows: tone == "low"
      fields: [name, code, tone]
    firms:
      entity: firm
      can: [read]
      rows: own
    towers:
      entity: [tower, floor]
      can: [read]
      fields: {except: [height]}
keeper:
  portal: tower
  grants:
    all:
      entity: bell
      can: [read, transition]
""",
    "seed/base.yaml": """\
records:
  - ref: north
    entity: tower
    values:
      name: North
      height: 12.5
  - ref: big
    entity: bell
    values:
      name: Big
      size: 3
      tone: low
      cast_on: 2020-01-31
      tower: {ref: north}
    steps: [ring]
  - ref: acme
    entity: firm
    values:
      name: Acme
people:
  units:
    - name: Head office
  users:
    - name: Ana
      email: ana@example.org
      roles: [ringer]
""",
    "i18n/pt.yaml": """\
entities.bell.fields.name.label: Nome
entities.bell.label: Sino
views.bell.all.label: Todos
roles.ringer.label: Sineiro
""",
}
