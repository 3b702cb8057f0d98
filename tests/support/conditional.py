"""A pack in which everything depends on something: what is shown, needed, closed, offered and begun with."""

from __future__ import annotations

from xrm.testing import a_pack

CLAIM = """
label: Claim
plural: Claims
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true, max_length: 60}
  number: {type: text}
  kind: {type: choice, options: [product, service]}
  serial: {type: text, visible_when: kind == "product"}
  hours: {type: integer, required_when: kind == "service"}
  code: {type: text, readonly_when: kind == "service"}
  remedy:
    type: choice
    options: {repair: {when: kind == "product"}, refund: {}, training: {when: kind == "service"}}
  extras: {type: multi_choice, options: {gift: {when: kind == "product"}, card: {}}}
  pace: {type: choice, options: pace, options_when: {fast: 'shop.country == "PT"'}}
  travel: {type: text, visible_when: 'shop.country == "PT"'}
  risk: {type: text, visible_when: shop.rate > 5}
  price: {type: money}
  fee: {type: text, visible_when: price > 100}
  took: {type: duration}
  long: {type: text, visible_when: took > 2h}
  at: {type: datetime}
  early: {type: text, visible_when: weekday(date_of(at)) == 6}
  who: {type: person_name}
  kin: {type: text, visible_when: who.last == "Berg"}
  place: {type: address}
  vat: {type: text, visible_when: place.country == "PT"}
  begun: {type: text, default: kind, visible_when: kind == "product"}
  result: {type: text}
  cost: {type: formula, result: money, formula: price * 2}
  dear: {type: text, visible_when: cost > 300}
relationships:
  shop: {to: shop, inverse: claims, on_delete: clear}
  seller: {to: seller, inverse: claims, on_delete: clear, filter: shop == record.shop}
  parts: {from: part, owned: true}
keys: {number: {fields: [number]}}
"""
PART = """
label: Part
plural: Parts
title: name
fields:
  name: {type: text, required: true}
  kind: {type: choice, options: [big, small]}
  size: {type: integer, visible_when: kind == "big"}
  weight: {type: integer, required_when: kind == "big"}
  code: {type: text, readonly_when: kind == "small"}
  shade: {type: choice, options: {dark: {when: kind == "big"}, light: {}}}
relationships:
  claim: {to: claim, required: true, inverse: parts, on_delete: cascade}
"""
SHOP = """
label: Shop
plural: Shops
title: name
fields:
  name: {type: text, required: true, search: true}
  country: {type: text}
  rate: {type: integer, sensitive: true}
"""
SELLER = """
label: Seller
plural: Sellers
title: name
fields: {name: {type: text, required: true, search: true}}
relationships: {shop: {to: shop, inverse: sellers, on_delete: cascade}}
duplicates: {by_name: {match: [name]}}
"""
FILES = {
    "options/pace.yaml": "options: [slow, fast]\n",
    "lifecycles/claim.yaml": """
states: {open: {initial: true}, closed: {}}
transitions:
  close: {from: open, to: closed, requires: [remedy]}
  reopen: {from: closed, to: open}
""",
    "forms/claim.yaml": """
main:
  sections:
    what: {label: What, rows: [[name, kind], [serial, hours], [code, remedy], [extras, pace], [begun]]}
    where: {label: Where, rows: [[shop, seller], [travel, risk]]}
    more: {label: More, rows: [[price, fee], [cost, dear], [took, long], [at, early], [who], [kin], [place], [vat]]}
    end: {label: End, visible_when: kind == "product", rows: [[result]]}
    parts: {label: Parts, rows: [[parts]]}
quick:
  sections:
    what: {label: What, rows: [[name, kind], [serial, hours], [remedy], [price, cost], [shop, seller]]}
    end: {label: End, visible_when: kind == "product", rows: [[result]]}
""",
    "views/claim.yaml": """
all: {type: list, columns: [name, kind, remedy]}
ways: {type: board, group_by: remedy, card: [name]}
""",
    "roles.yaml": """
clerk:
  label: Clerk
  grants:
    claims: {entity: [claim, part, seller], can: [create, read, update, delete, transition, import]}
    shops: {entity: shop, can: [read], rows: country != "ES"}
""",
}
CLAIMS = a_pack("claims", FILES, claim=CLAIM, part=PART, shop=SHOP, seller=SELLER)
