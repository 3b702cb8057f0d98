"""A small pack whose records have every kind of column that an import meets."""

from __future__ import annotations

from xrm.testing import a_pack

SHOP = a_pack(
    "shop",
    customer="""
label: {en: Customer, pt: Cliente}
plural: {en: Customers, pt: Clientes}
fields:
  name: {type: text, required: true, label: {en: Name, pt: Nome}}
  tax_number: {type: text, unique: true, label: {en: Tax number, pt: NIF}, renamed_from: vat}
  size:
    type: choice
    options: {small: {label: {en: Small, pt: Pequeno}}, large: {label: {en: Large, pt: Grande}}}
  secret_note: {type: text, sensitive: true}
""",
    sale="""
label: Sale
plural: Sales
title: name
fields:
  name: {type: text, required: true}
  number: {type: text, unique: true}
  amount: {type: money}
  closed_on: {type: date}
  pieces: {type: integer, min: 0}
  paid: {type: boolean}
  tags: {type: tags}
relationships:
  customer: {to: customer, inverse: sales}
""",
    files={
        "roles.yaml": """
shop_clerk:
  label: Clerk
  grants:
    customers: {entity: customer, can: [create, read, update, import, export]}
    sales: {entity: sale, can: [create, read, update, delete, import, export]}
shop_reader:
  label: Reader
  grants:
    customers: {entity: customer, can: [read]}
    sales: {entity: sale, can: [read]}
"""
    },
)
