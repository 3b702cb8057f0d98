"""The pack that is measured: accounts, contacts and deals as any sales team has them."""

from __future__ import annotations

from xrm.metadata.sources import PackSource

STAGES = ("new", "qualified", "proposal", "negotiation", "won", "lost")
PACK, ROLE = "bench", "seller"

_ACCOUNT = """\
label: Account
plural: Accounts
title: name
fields:
  name: {type: text, required: true, search: true}
  industry: {type: text}
  country: {type: text}
  revenue: {type: decimal, scale: 2}
  employees: {type: integer}
"""
_CONTACT = """\
label: Contact
plural: Contacts
title: last_name
fields:
  first_name: {type: text}
  last_name: {type: text, required: true, search: true}
  email: {type: email}
  phone: {type: text}
relationships:
  account: {to: account, inverse: contacts}
"""
_DEAL = """\
label: Deal
plural: Deals
title: name
fields:
  name: {type: text, required: true, max_length: 200}
  amount: {type: decimal, scale: 2, required: true}
  stage: {type: choice, options: [new, qualified, proposal, negotiation, won, lost], required: true}
  close_date: {type: date}
%s\
relationships:
  account: {to: account, inverse: deals}
  contact: {to: contact, inverse: deals}
indexes: [[stage, close_date], [close_date]]
rules:
  amount_is_positive: {must: amount >= 0, field: amount, message: {en: A deal has no negative amount.}}
"""
_ROLES = """\
seller:
  label: Seller
  grants:
    people: {entity: user, can: [read]}
    accounts: {entity: account, can: [create, read, update, delete]}
    contacts: {entity: contact, can: [create, read, update, delete]}
    deals: {entity: deal, can: [create, read, update, delete, import]}
%s"""
_EXTRA = "label: Extra\nplural: Extras\ntitle: name\nfields: {name: {type: text, required: true}}\n"


def pack(version: int = 1, *, fields: tuple[str, ...] = (), entities: tuple[str, ...] = ()) -> PackSource:
    """The pack, with these text fields added to deals and these small entities beside them."""
    grants = "".join(f"    {name}: {{entity: {name}, can: [create, read]}}\n" for name in entities)
    added = "".join(f"  {name}: {{type: text}}\n" for name in fields)
    files = {
        "pack.yaml": f"pack: {PACK}\nlabel: Benchmark\nversion: {version}.0.0\n",
        "roles.yaml": _ROLES % grants,
        "entities/account.yaml": _ACCOUNT,
        "entities/contact.yaml": _CONTACT,
        "entities/deal.yaml": _DEAL % added,
        **{f"entities/{name}.yaml": _EXTRA for name in entities},
    }
    return PackSource(PACK, {path: text.encode() for path, text in files.items()})
