"""A small ward as an installed pack: keys of parts, spans, room for so many, a tree, locks, filtered links, files."""

from __future__ import annotations

from xrm.testing import a_pack

THING = """
title: name
fields:
  name: {type: text, required: true}
  a: {type: text}
  b: {type: text}
  code: {type: text, unique: true}
  paper: {type: file}
keys:
  ab: {fields: [a, b]}
"""
ROOM = """
title: name
fields:
  name: {type: text, required: true}
  beds: {type: integer}
"""
BOOKING = """
title: name
fields:
  name: {type: text, required: true}
  starts: {type: datetime}
  ends: {type: datetime}
relationships:
  room: {to: room, inverse: bookings, on_delete: clear}
  doctor: {to: guest, inverse: visits, on_delete: restrict}
keys:
  slot: {fields: [room], no_overlap: [starts, ends]}
"""
GUEST = """
title: name
fields:
  name: {type: text, required: true}
relationships:
  room: {to: room, inverse: guests, on_delete: restrict}
  spare: {to: room, inverse: spares, on_delete: clear}
rules:
  fits: {must: "room == empty or room.beds == empty or count(room.guests) <= room.beds"}
  lone: {must: "spare == empty or count(spare.guests) + count(spare.spares) <= 1"}
"""
NODE = """
title: name
fields:
  name: {type: text, required: true}
relationships:
  parent: {to: node, hierarchy: true, inverse: kids}
"""
DOC = """
title: name
fields:
  name: {type: text, required: true}
  area: {type: text}
relationships:
  lines: {from: line, owned: true}
  shelf: {to: room, inverse: docs, on_delete: cascade}
  near: {to: room, inverse: near_docs, on_delete: clear}
  marks:
    to: mark
    many: true
    inverse: docs
    valid: true
    filter: 'live == true and (record.area == empty or area == record.area)'
"""
LINE = """
title: name
fields:
  name: {type: text, required: true}
  number: {type: integer}
relationships:
  parts: {from: part, owned: true}
  room: {to: room, inverse: room_lines, on_delete: cascade}
"""
PART = """
title: name
fields:
  name: {type: text, required: true}
"""
MARK = """
title: name
fields:
  name: {type: text, required: true}
  live: {type: boolean}
  area: {type: text}
"""
KIT = """
title: name
fields:
  name: {type: text, required: true}
  sealed: {type: boolean}
relationships:
  parts: {to: mark, many: true, inverse: kits}
rules:
  few: {must: "count(parts) <= 1", message: At most one part.}
  shut: {must: "count(parts) == 1", when: sealed, message: A sealed kit keeps its part.}
"""
ERRAND = """
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true}
"""
ROLES = """
clerk:
  grants:
    all: {entity: [thing, errand], can: [create, read, update]}
sender:
  grants:
    all: {entity: errand, can: [create, read, update, assign]}
packer:
  grants:
    marks: {entity: mark, can: [read]}
    kits: {entity: kit, can: [read, update], rows: count(parts) == 0}
"""
LIFECYCLES = {
    "lifecycles/doc.yaml": """
states: {open: {initial: true}, closed: {final: true, locked: true}}
transitions:
  close: {from: open, to: closed}
  reopen: {from: closed, to: open}
""",
    "lifecycles/booking.yaml": """
states: {asked: {initial: true}, given: {}}
transitions:
  give: {from: asked, to: given, guard: 'count(room.bookings, state == "given") <= 1'}
""",
}

PACK = a_pack(
    "ward",
    {**LIFECYCLES, "roles.yaml": ROLES},
    thing=THING,
    room=ROOM,
    booking=BOOKING,
    guest=GUEST,
    node=NODE,
    doc=DOC,
    line=LINE,
    part=PART,
    mark=MARK,
    kit=KIT,
    errand=ERRAND,
)
