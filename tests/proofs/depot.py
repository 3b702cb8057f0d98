"""The pack that the proofs about crashes write to, and its installation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.support.installed import make_runtime
from tests.support.servers import KEY, XRM, Site
from xrm.engine.world import real_world
from xrm.testing import a_pack, admin_actor, make_settings

PARCEL = """
title: name
ownership: organization
fields:
  number: {type: autonumber, pattern: "P-{000000}"}
  code:   {type: text, required: true, max_length: 40}
  name:   {type: text, required: true, max_length: 80, search: true}
  pieces: {type: integer, required: true, min: 0}
relationships:
  items: {from: item, owned: true}
keys:
  number: {fields: [number]}
  code:   {fields: [code]}
"""
ITEM = """
title: name
ownership: none
fields:
  name: {type: text, required: true, max_length: 80, search: true}
relationships:
  parcel: {to: parcel, required: true, inverse: items, on_delete: cascade}
"""
DEPOT = a_pack("depot", parcel=PARCEL, item=ITEM)


@dataclass(frozen=True, slots=True)
class Depot:
    """An installation with the pack, and the token of somebody who may do everything."""

    site: Site
    token: str


def make_depot(database_url: str, folder: Path, program: tuple[str, ...] = XRM) -> Depot:
    """The depot is installed; its servers run `program`."""
    settings = make_settings(database_url, folder, secret_key=KEY)
    runtime = make_runtime(database_url, folder, [DEPOT], settings=settings, world=real_world())
    try:
        token = runtime.identity.create_token(admin_actor(runtime), "proof")
    finally:
        runtime.close()
    return Depot(Site(folder, database_url, program), token)
