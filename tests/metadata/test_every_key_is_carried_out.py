"""No word of a definition is taken in silence: each is read by something, or refused as not carried out.

`READ` names for every key the module that acts by it and the words with which it does. A new key of a schema fails
here until it is read, or marked as one of a later version.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.schemas import BASES
from xrm.metadata.schemas.entity import field_variants
from xrm.metadata.schemas.views import view_variants

ROOT = Path(__file__).parents[2] / "xrm"
FOR_READERS = "For whoever reads the file"
CHECKING, LAYOUT, CONTROLS = "engine/records/checking.py", "ui/pages/layout.py", "ui/pages/controls.py"
PROGRAMS, INDEXES = "engine/projection/programs.py", "engine/projection/indexes.py"
LIFECYCLE, PEOPLE = "engine/records/lifecycle.py", "engine/packs/people.py"
REMOVAL, LINKING = "engine/records/removal.py", "engine/records/linking.py"
INVERSES, RELATIONSHIPS = "metadata/resolve/inverses.py", "metadata/resolve/relationships.py"
KEPT = "engine/records/kept_rules.py"
ROLES, CONDITIONS, ORDER = "metadata/resolve/roles.py", "metadata/conditions.py", "metadata/order.py"
DUPLICATES = "engine/records/duplicates.py"
RUNNING = "engine/scenarios/running.py"
COMPUTED = "metadata/resolve/computed.py"
NUMBERS = "metadata/fieldtypes/numbers.py"
READ: dict[str, tuple[str, str]] = {
    "pack.pack": ("metadata/reading.py", '.get("pack")'),
    "pack.label": ("metadata/resolve/__init__.py", 'body.get("label")'),
    "pack.version": ("engine/packs", "version_of"),
    "pack.requires": (ORDER, '"requires"'),
    "pack.optional": (ORDER, '"optional"'),
    "pack.menu": ("metadata/resolve/menus.py", "menu"),
    "pack.menu.label": ("metadata/resolve/menus.py", '"label"'),
    "pack.menu.entities": ("metadata/resolve/menus.py", '"entities"'),
    "pack.menu.folded": ("metadata/resolve/menus.py", '"folded"'),
    "packs.disabled": ("metadata/disabling.py", 'switch.get("disabled")'),
    "settings.type": ("metadata/resolve/__init__.py", 'child.body["type"]'),
    "settings.options": ("metadata/resolve/__init__.py", 'child.get("options"'),
    "settings.label": ("metadata/resolve/__init__.py", 'item.get("label")'),
    "settings.help": ("metadata/resolve/__init__.py", 'item.get("help")'),
    "settings.options.label": ("metadata/resolve/__init__.py", 'option.get("label")'),
    "settings.default": ("metadata/model.py", 'said["default"]'),
    "entity.entity": ("metadata/reading.py", "document.raw.get(document.kind)"),
    "entity.extend": ("metadata/reading.py", "document.raw.get(document.kind)"),
    "entity.label": ("ui/pages", "entity.label"),
    "entity.plural": ("ui/pages", "entity.plural"),
    "entity.icon": ("ui", "entity.icon"),
    "entity.title": (PROGRAMS, "entity.title"),
    "entity.ownership": ("metadata/model.py", 'self.ownership == "user_or_team"'),
    "entity.abstract": ("metadata/model.py", "not e.abstract"),
    "entity.like": ("metadata/likeness.py", 'entity.body.get("like")'),
    "entity.append_only": (CHECKING, "entity.append_only"),
    "entity.renamed_from": ("engine/storage/numbers.py", "e.renamed_from"),
    "entity.moved_from": ("engine/storage/unsaid.py", "entity.moved_from"),
    "entity.when_installed": (CONDITIONS, '"when_installed"'),
    "entity.fields": ("engine/projection/tables.py", "fields"),
    "entity.relationships": ("engine/projection/tables.py", "lookups"),
    "entity.relationships.label": (CONTROLS, "relationship.label"),
    "entity.relationships.to": (RELATIONSHIPS, 'item.body["to"]'),
    "entity.relationships.from": (INVERSES, 'item.body["from"]'),
    "entity.relationships.via": (INVERSES, 'item.get("via")'),
    "entity.relationships.owned": (INVERSES, 'item.get("owned")'),
    "entity.relationships.many": (RELATIONSHIPS, 'body.get("many", False)'),
    "entity.relationships.attributes": (LINKING, "attributes"),
    "entity.relationships.valid": (LINKING, ".valid"),
    "entity.relationships.required": ("engine/projection/contracts.py", "required"),
    "entity.relationships.unique": (INDEXES, "lookup.relationship.unique"),
    "entity.relationships.inverse": (INVERSES, "relationship.inverse"),
    "entity.relationships.inverse.name": (RELATIONSHIPS, '.get("name", "")'),
    "entity.relationships.inverse.renamed_from": ("metadata/claims.py", 'said.get("renamed_from"'),
    "entity.relationships.inverse.label": (INVERSES, '(inverse or {}).get("label")'),
    "entity.relationships.on_delete": (REMOVAL, "relationship.on_delete"),
    "entity.relationships.cascade": ("engine/records/handing_on.py", "relationship.cascade"),
    "entity.relationships.cascade.assign": ("engine/records/handing_on.py", 'cascade["assign"]'),
    "entity.relationships.cascade.merge": ("engine/records/merging.py", 'cascade.get("merge"'),
    "entity.relationships.hierarchy": (CHECKING, "relationship.hierarchy"),
    "entity.relationships.filter": (PROGRAMS, "r.filter"),
    "entity.relationships.default": (PROGRAMS, "t.default"),
    "entity.relationships.help": (CONTROLS, "relationship.help"),
    "entity.relationships.visible_when": (PROGRAMS, "t.visible_when"),
    "entity.relationships.required_when": (PROGRAMS, "t.required_when"),
    "entity.relationships.readonly_when": (PROGRAMS, "t.readonly_when"),
    "entity.relationships.sensitive": ("engine/access/rights.py", "r.is_guarded"),
    "entity.relationships.privacy": ("engine/access/rights.py", "r.is_guarded"),
    "entity.relationships.renamed_from": ("engine/storage/numbers.py", "each.renamed_from"),
    "entity.relationships.when_installed": (CONDITIONS, '("relationships", "*")'),
    "entity.keys": (INDEXES, "keys"),
    "entity.keys.fields": (INDEXES, "key.fields"),
    "entity.keys.when": (INDEXES, "key.when"),
    "entity.keys.no_overlap": ("engine/records/overlaps.py", "key.no_overlap"),
    "entity.keys.message": (INDEXES, "key.message"),
    "entity.keys.when_installed": (CONDITIONS, '("keys", "*")'),
    "entity.duplicates": (INDEXES, "entity.duplicates"),
    "entity.duplicates.match": (DUPLICATES, "way.match"),
    "entity.duplicates.match.field": ("metadata/resolve/duplicates.py", 'body["field"]'),
    "entity.duplicates.match.by": ("metadata/resolve/duplicates.py", 'body.get("by")'),
    "entity.duplicates.match.at_least": (DUPLICATES, "fuzzy.at_least"),
    "entity.duplicates.then": (DUPLICATES, "way.refuses"),
    "entity.duplicates.when": (PROGRAMS, "d.when"),
    "entity.duplicates.message": (DUPLICATES, "way.message"),
    "entity.duplicates.when_installed": (CONDITIONS, '("duplicates", "*")'),
    "entity.rules": (PROGRAMS, "rules"),
    "entity.rules.must": (PROGRAMS, ".must"),
    "entity.rules.when": (PROGRAMS, ".when"),
    "entity.rules.each": (KEPT, "kept.rule.path"),
    "entity.rules.holds": (KEPT, "kept.rule.holds"),
    "entity.rules.on": (KEPT, "kept.rule.on"),
    "entity.rules.say": (KEPT, "kept.rule.say"),
    "entity.rules.then": (KEPT, "kept.rule.warns"),
    "entity.rules.choose": (KEPT, "kept.rule.choose"),
    "entity.rules.into": (KEPT, "kept.rule.into"),
    "entity.rules.keep": (KEPT, "kept.rule.keep"),
    "entity.rules.field": (CHECKING, "rule.field"),
    "entity.rules.message": (CHECKING, "rule.message"),
    "entity.rules.when_installed": (CONDITIONS, '("rules", "*")'),
    "entity.indexes": (INDEXES, "entity.indexes"),
    "entity.forms": ("metadata/layers.py", '("forms", layers.forms'),
    "entity.views": ("metadata/layers.py", '("views", layers.views'),
    "form.sections": (LAYOUT, "sections"),
    "form.sections.label": ("ui/pages", "section.label"),
    "form.sections.visible_when": (LAYOUT, "s.visible_when"),
    "form.sections.rows": (LAYOUT, ".rows"),
    "form.sections.when_installed": (CONDITIONS, '("*", "sections", "*")'),
    "form.rows": ("metadata/parse.py", '_rows(raw["rows"])'),
    "lifecycle.states": ("engine/records/locked.py", "states"),
    "lifecycle.states.label": (CONTROLS, "s.label"),
    "lifecycle.states.color": (CONTROLS, "s.color"),
    "lifecycle.states.initial": ("metadata/model.py", "s.initial"),
    "lifecycle.states.final": ("engine/records/handing_on.py", ".final"),
    "lifecycle.states.locked": ("engine/records/locked.py", "state.locked"),
    "lifecycle.transitions": (LIFECYCLE, "transition"),
    "lifecycle.transitions.label": (LIFECYCLE, "label"),
    "lifecycle.transitions.from": (LIFECYCLE, "sources"),
    "lifecycle.transitions.to": (LIFECYCLE, ".to"),
    "lifecycle.transitions.roles": (LIFECYCLE, ".roles"),
    "lifecycle.transitions.requires": (LIFECYCLE, ".requires"),
    "lifecycle.transitions.guard": (PROGRAMS, "guard"),
    "lifecycle.transitions.message": (LIFECYCLE, "transition.message"),
    "lifecycle.transitions.reason": (LIFECYCLE, "reason_required"),
    "lifecycle.transitions.when_installed": (CONDITIONS, '("transitions", "*")'),
    "role.label": ("api/metadata.py", "roles[r].label"),
    "role.portal": ("engine/access/rights.py", "role.portal"),
    "role.renamed_from": (ROLES, 'item.get("renamed_from"'),
    "role.grants": ("engine/access/rights.py", "grants"),
    "role.grants.entity": (ROLES, 'item.body["entity"]'),
    "role.grants.can": ("engine/access/rights.py", ".can"),
    "role.grants.rows": ("engine/access/rights.py", ".rows"),
    "role.grants.fields": ("engine/access/rights.py", ".fields"),
    "role.grants.fields.except": (ROLES, '"except" in asked'),
    "role.grants.when_installed": (CONDITIONS, '("*", "grants", "*")'),
    "options.options": ("metadata/resolve/fields.py", 'merged.body["options"]'),
    "options.options.label": (CONTROLS, "o.label"),
    "options.options.color": (CONTROLS, "o.color"),
    "options.options.renamed_from": ("metadata/fieldtypes/choices.py", "option.renamed_from"),
    "seed.people": ("engine/packs/seeds.py", 'doc.body["people"]'),
    "seed.people.units": (PEOPLE, 'one.get("units"'),
    "seed.people.units.name": (PEOPLE, 'unit["name"]'),
    "seed.people.units.parent": (PEOPLE, 'unit["parent"]'),
    "seed.people.teams": (PEOPLE, 'one.get("teams"'),
    "seed.people.teams.name": (PEOPLE, 'team["name"]'),
    "seed.people.teams.unit": (PEOPLE, 'team["unit"]'),
    "seed.people.users": (PEOPLE, 'one.get("users"'),
    "seed.people.users.name": (PEOPLE, 'user["name"]'),
    "seed.people.users.email": (PEOPLE, 'user["email"]'),
    "seed.people.users.unit": (PEOPLE, 'user["unit"]'),
    "seed.people.users.manager": (PEOPLE, 'user["manager"]'),
    "seed.people.users.teams": (PEOPLE, 'user.get("teams"'),
    "seed.people.users.roles": (PEOPLE, 'user.get("roles"'),
    "seed.people.users.language": (PEOPLE, 'user.get("language"'),
    "seed.people.users.zone": (PEOPLE, 'user.get("zone"'),
    "seed.records": ("engine/packs/seeds.py", 'doc.body.get("records"'),
    "seed.records.ref": ("engine/packs/seeds.py", 'row["ref"]'),
    "seed.records.entity": ("engine/packs/seeds.py", 'row["entity"]'),
    "seed.records.values": ("engine/packs/seeds.py", 'row["values"]'),
    "seed.records.steps": ("engine/packs/seeds.py", 'row.get("steps"'),
    "seed.records.reason": ("engine/packs/seeds.py", 'row.get("reason"'),
    "scenario.scenario": ("metadata/scenarios.py", 'doc.body["scenario"]'),
    "scenario.at": ("metadata/scenarios.py", 'doc.body["at"]'),
    "scenario.people": ("metadata/scenarios.py", 'doc.body.get("people"'),
    "scenario.given": ("metadata/scenarios.py", '"given"'),
    "scenario.when": ("metadata/scenarios.py", '"when"'),
    "scenario.then": ("metadata/scenarios.py", '"then"'),
    "scenario.given.create": (RUNNING, '"create": _Run.create'),
    "scenario.given.update": (RUNNING, '"update": _Run.update'),
    "scenario.given.transition": (RUNNING, '"transition": _Run.transition'),
    "scenario.given.delete": (RUNNING, '"delete": _Run.delete'),
    "scenario.given.restore": (RUNNING, '"restore": _Run.restore'),
    "scenario.given.link": (RUNNING, '"link": _Run.link'),
    "scenario.given.advance": (RUNNING, '"advance": _Run.advance'),
    "scenario.given.name": (RUNNING, 'step.facts.get("name")'),
    "scenario.given.of": (RUNNING, 'step.facts["of"]'),
    "scenario.given.to": (RUNNING, 'step.facts["to"]'),
    "scenario.given.along": (RUNNING, 'step.facts["along"]'),
    "scenario.given.values": (RUNNING, 'step.facts.get("values"'),
    "scenario.given.reason": (RUNNING, 'step.facts.get("reason"'),
    "scenario.given.as": ("metadata/scenarios.py", 'self.facts.get("as"'),
    "scenario.when.create": (RUNNING, '"create": _Run.create'),
    "scenario.when.update": (RUNNING, '"update": _Run.update'),
    "scenario.when.transition": (RUNNING, '"transition": _Run.transition'),
    "scenario.when.delete": (RUNNING, '"delete": _Run.delete'),
    "scenario.when.restore": (RUNNING, '"restore": _Run.restore'),
    "scenario.when.link": (RUNNING, '"link": _Run.link'),
    "scenario.when.advance": (RUNNING, '"advance": _Run.advance'),
    "scenario.when.name": (RUNNING, 'step.facts.get("name")'),
    "scenario.when.of": (RUNNING, 'step.facts["of"]'),
    "scenario.when.to": (RUNNING, 'step.facts["to"]'),
    "scenario.when.along": (RUNNING, 'step.facts["along"]'),
    "scenario.when.values": (RUNNING, 'step.facts.get("values"'),
    "scenario.when.reason": (RUNNING, 'step.facts.get("reason"'),
    "scenario.when.as": ("metadata/scenarios.py", 'self.facts.get("as"'),
    "scenario.when.refused": ("metadata/scenarios.py", 'self.facts.get("refused"'),
    "scenario.then.create": (RUNNING, '"create": _Run.create'),
    "scenario.then.update": (RUNNING, '"update": _Run.update'),
    "scenario.then.transition": (RUNNING, '"transition": _Run.transition'),
    "scenario.then.delete": (RUNNING, '"delete": _Run.delete'),
    "scenario.then.restore": (RUNNING, '"restore": _Run.restore'),
    "scenario.then.link": (RUNNING, '"link": _Run.link'),
    "scenario.then.advance": (RUNNING, '"advance": _Run.advance'),
    "scenario.then.name": (RUNNING, 'step.facts.get("name")'),
    "scenario.then.of": (RUNNING, 'step.facts["of"]'),
    "scenario.then.to": (RUNNING, 'step.facts["to"]'),
    "scenario.then.along": (RUNNING, 'step.facts["along"]'),
    "scenario.then.values": (RUNNING, 'step.facts.get("values"'),
    "scenario.then.reason": (RUNNING, 'step.facts.get("reason"'),
    "scenario.then.as": ("metadata/scenarios.py", 'self.facts.get("as"'),
    "scenario.then.refused": ("metadata/scenarios.py", 'self.facts.get("refused"'),
    "scenario.then.expect": (RUNNING, '"expect": _Run.expect'),
    "scenario.then.read": (RUNNING, '"read": _Run.read'),
    "scenario.then.count": (RUNNING, '"count": _Run.count'),
    "scenario.then.where": (RUNNING, 'step.facts["where"]'),
    "scenario.then.is": (RUNNING, 'step.facts["is"]'),
    "field.type": ("metadata/resolve/fields.py", 'item.body.get("type")'),
    "field.from": ("metadata/resolve/fields.py", 'body["from"].split'),
    "field.label": (CONTROLS, "field.label"),
    "field.required": ("engine/projection/contracts.py", "required"),
    "field.unique": (INDEXES, "field.field.unique"),
    "field.default": (PROGRAMS, "t.default"),
    "field.help": (CONTROLS, "field.help"),
    "field.visible_when": (PROGRAMS, "t.visible_when"),
    "field.required_when": (PROGRAMS, "t.required_when"),
    "field.readonly_when": (PROGRAMS, "t.readonly_when"),
    "field.sensitive": ("engine/access/rights.py", "f.is_guarded"),
    "field.privacy": ("engine/access/rights.py", "f.is_guarded"),
    "field.search": ("engine/records", ".search"),
    "field.index": (INDEXES, "fields[name].index"),
    "field.track": ("engine/records/writer.py", "f.track"),
    "field.renamed_from": ("engine/storage/numbers.py", "each.renamed_from"),
    "field.when_installed": (CONDITIONS, '("fields", "*")'),
    "field.formula": (COMPUTED, '"formula"'),
    "field.over": (COMPUTED, '"over"'),
    "field.value": (COMPUTED, '"value"'),
    "field.where": (COMPUTED, '"where"'),
    "field.result": (COMPUTED, 'item.get("result")'),
    "field.frozen_when": (PROGRAMS, "f.frozen_when"),
    "field.reveal": ("engine/access/rights.py", "reveal"),
    "field.max_length": ("metadata/fieldtypes/text.py", '"max_length"'),
    "field.min": (NUMBERS, '"min"'),
    "field.max": (NUMBERS, '"max"'),
    "field.precision": (NUMBERS, '"precision"'),
    "field.scale": (NUMBERS, '"scale"'),
    "field.currency": ("metadata/fieldtypes/money.py", 'params.get("currency")'),
    "field.default_currency": ("metadata/fieldtypes/money.py", '"default_currency"'),
    "field.options": ("metadata/resolve/fields.py", 'params["options"]'),
    "field.options.label": (CONTROLS, "o.label"),
    "field.options.color": (CONTROLS, "o.color"),
    "field.options.when": (PROGRAMS, "f.options_when"),
    "field.options_when": (PROGRAMS, "f.options_when"),
    "field.options.renamed_from": ("metadata/fieldtypes/choices.py", "option.renamed_from"),
    "field.max_tags": ("metadata/fieldtypes/choices.py", 'params.get("max_tags"'),
    "field.region": ("metadata/fieldtypes/people.py", 'params.get("region")'),
    "field.many": ("metadata/fieldtypes/files.py", "is_many"),
    "field.max_files": ("metadata/fieldtypes/files.py", 'params.get("max_files"'),
    "field.accept": (CONTROLS, 'params.get("accept"'),
    "field.pattern": ("metadata/fieldtypes/autonumber.py", '"pattern"'),
    "field.scope": ("metadata/fieldtypes/autonumber.py", 'params.get("scope"'),
    "field.rate_on": ("engine/records/priced.py", "params.get(RATE_ON"),
    "field.gaps": ("metadata/fieldtypes/autonumber.py", 'params.get("gaps"'),
    "field.max_bytes": ("metadata/fieldtypes/plain_json.py", 'params.get("max_bytes"'),
    "field.entity": ("metadata/resolve/fields.py", 'params["entity"]'),
    "view.type": ("ui/pages/views.py", "KINDS[look.type]"),
    "view.label": ("ui/pages/views.py", "v.label"),
    "view.filter": ("ui/pages/listing.py", "view.filter"),
    "view.sort": ("ui/pages", "view.sort"),
    "view.columns": ("ui/pages", "view.columns"),
    "view.card": ("ui/pages/boards.py", 'params.get("card"'),
    "view.color": ("ui/pages/boards.py", 'params.get("color"'),
    "view.value": ("ui/pages/boards.py", 'params.get("value"'),
    "view.when_installed": (CONDITIONS, '"view": (("*",),)'),
}


def keys_of(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that an author may write below, with its schema."""
    for key, inner in schema.get("properties", {}).items():
        if key not in ("add", "after", "remove"):
            yield f"{path}.{key}", inner
            yield from keys_of(inner, f"{path}.{key}")
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from keys_of(schema[part], path)


def every_key() -> dict[str, dict[str, Any]]:
    """The keys of all kinds of documents, by path; what extends an entity counts as the entity's."""
    found: dict[str, dict[str, Any]] = {}
    variants = [("field", field_variants(builtin_registry())), ("view", view_variants())]
    schemas = [*BASES.items(), *((kind, schema) for kind, by_type in variants for schema in by_type.values())]
    for kind, schema in schemas:
        for path, inner in keys_of(schema, "entity" if kind == "extend" else kind):
            found.setdefault(path.replace("entity.forms.", "form."), inner)
    return found


KEYS = every_key()
REFUSED = {path for path, schema in KEYS.items() if "x-later" in schema}
TOLD = {path for path, schema in KEYS.items() if schema.get("description", "").startswith(FOR_READERS)}
OF_OPTIONS_OF_SETTINGS = {f"settings.options.{key}" for key in ("color", "renamed_from")}


def test_every_key_is_read_or_refused_or_says_that_it_is_for_readers():
    assert set(KEYS) - REFUSED - TOLD - OF_OPTIONS_OF_SETTINGS == set(READ)


def test_no_refused_key_is_said_to_be_read():
    assert REFUSED & set(READ) == set()


@pytest.mark.parametrize("path", list(READ))
def test_what_reads_a_key_is_there(path: str):
    module, words = READ[path]
    place = ROOT / module
    files = [place] if place.is_file() else [f for s in ("*.py", "*.html") for f in place.rglob(s)]
    assert any(words in file.read_text(encoding="utf-8") for file in files)


def test_what_is_for_readers_is_little():
    assert {
        "pack.license",
        "pack.authors",
        "pack.summary",
        "options.label",
    } == TOLD
