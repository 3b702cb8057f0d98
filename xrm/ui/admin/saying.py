"""Keys and values of definitions, said in the words of the forms that change them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xrm.metadata.granting import GRANTS, ROLE
from xrm.metadata.merging import ITEM_LISTS
from xrm.metadata.model import OPERATIONS, Entity, Field, Model, Relationship, text_of
from xrm.metadata.names import ITEM_WORDS
from xrm.metadata.parse import DEFAULT_LANGUAGE
from xrm.metadata.positions import Path
from xrm.metadata.words import ABSENT, told
from xrm.ui.admin.parts import DEFINING, GRANT, MEMBER, MEMBERS, NEW
from xrm.ui.admin.typewords import param_words, type_label
from xrm.ui.i18n import LANGUAGES
from xrm.ui.pages.operations import operations
from xrm.ui.pages.visit import Visit

OPTIONS = "options"
PARAMS = (
    "max_length",
    "min",
    "max",
    "precision",
    "scale",
    "max_tags",
    "pattern",
    "scope",
    "gaps",
    "currency",
    "rate_on",
    "region",
    "accept",
)


@dataclass(frozen=True, slots=True)
class Words:
    """How definitions of this model are told to this person."""

    visit: Visit
    model: Model

    def what(self, kind: str, name: str, path: Path) -> str:
        """What a key is about, from the entity to the key."""
        if kind == ROLE and len(path) >= GRANT and path[1] == GRANTS:
            return self._grant(str(path[0]), str(path[2]))
        entity = self.model.entities.get(name) or self.visit.model.entities.get(name)
        if kind not in ("entity", "extend", "form") or entity is None:
            document = kind if kind in ("pack", "packs", "settings", "role") else f"{kind} {name}"
            return " › ".join(filter(None, (document, *map(str, path))))
        words = [self.visit.label(entity)]
        if kind == "form":
            words.append(self.visit.ui.t("Form"))
        elif len(path) >= MEMBER and path[0] in MEMBERS:
            member = self._member(entity, str(path[1]))
            words.append(self.visit.text(member.label, member.name) if member else str(path[1]))
            path = path[MEMBER:]
            if isinstance(member, Field) and OPTIONS in path[:-1]:
                path = tuple(self.option(entity.name, member, step) for step in path)
        known = self.keys()
        return " › ".join((*words, *(known.get(step, step) for step in _steps(path))))

    def _grant(self, role: str, grant: str) -> str:
        """Which role may do something; the grant of an entity that was made here is called like it."""
        entity = self.model.entities.get(grant) or self.visit.model.entities.get(grant)
        return f"{self.visit.role(role)} › {self.visit.plural(entity) if entity else grant}"

    def member(self, name: str, path: Path) -> Field | Relationship | None:
        """The field or relationship of that entity that the path leads into, if it does."""
        entity = self.model.entities.get(name) or self.visit.model.entities.get(name)
        is_inside = entity is not None and len(path) >= MEMBER and path[0] in MEMBERS
        return self._member(entity, str(path[1])) if entity is not None and is_inside else None

    def label_before(self, name: str, path: Path) -> str:
        """What people read until now where a label comes; empty for what is new."""
        entity = self.visit.model.entities.get(name)
        if entity is None or len(path) == 1:
            return self.visit.label(entity) if entity else ""
        known: Mapping[str, Field | Relationship] = {**entity.fields, **entity.relationships}
        found = known.get(str(path[1])) if len(path) == MEMBER + 1 and path[0] in MEMBERS else None
        return self.visit.text(found.label, found.name) if found else ""

    def _member(self, entity: Entity, name: str) -> Field | Relationship | None:
        """What the entity has under that name, or is going to have; called as people know it."""
        was = self.visit.model.entities.get(entity.name, entity)
        fields = {**entity.fields, **was.fields}
        return fields.get(name) or was.relationships.get(name) or entity.relationships.get(name)

    def option(self, entity: str, field: Field, step: object) -> str:
        """What the option with that key is or was called; any other step as it is."""
        there = (model.entities.get(entity) for model in (self.model, self.visit.model))
        fields = (one.fields.get(field.name) for one in there if one is not None)
        options = (*field.options, *(o for one in fields if one is not None for o in one.options))
        return next((self.visit.text(o.label, o.key) for o in options if o.key == step), str(step))

    def side(self, value: object) -> str:
        """What is said there; empty where nothing is."""
        if value == ABSENT:
            return ""
        if value is NEW:
            return self.visit.ui.t("The entity with all that it has")
        return self.said(value)

    def said(self, value: object) -> str:
        """A value of a definition; a field, relationship, option or grant in a few words."""
        if isinstance(value, Mapping) and "can" in value:
            rest = [f"{k}: {self._in_words(v)}" for k, v in value.items() if k not in ("entity", "can")]
            return " · ".join((self.said(value["can"]), *rest))
        if isinstance(value, list | tuple) and value and all(word in OPERATIONS for word in value):
            known = operations(self.visit)
            return ", ".join(known[word] for word in OPERATIONS if word in value)
        if isinstance(value, Mapping) and (DEFINING & value.keys() or "label" in value):
            return " · ".join(self._definition(value))
        return self._in_words(value)

    def _definition(self, body: Mapping[str, Any]) -> Iterator[str]:
        """Its type or where it leads, what it asks for, its options."""
        t = self.visit.ui.t
        if not DEFINING & body.keys():
            yield self._in_words(body["label"])
        if "type" in body:
            yield type_label(self.visit, str(body["type"]))
        for target in body.get("to", ()):
            entity = self.model.entities.get(str(target))
            yield t("to {entity}", entity=self.visit.plural(entity) if entity else target)
        known = self.keys()
        for key, value in body.items():
            if value is True:
                yield known.get(key, key)
            elif key == "options" and isinstance(value, Mapping):
                yield ", ".join(text_of(o.get("label", {}), self._language, k) for k, o in value.items())
            elif key not in ("type", "to", "label", "help", "inverse", "options"):
                yield f"{known.get(key, key)}: {self._in_words(value)}"

    def _in_words(self, value: object) -> str:
        t = self.visit.ui.t
        if value is True or value == "true":
            return t("Yes")
        if value is False or value == "false":
            return t("No")
        if isinstance(value, Mapping) and value.keys() <= LANGUAGES.keys():
            return text_of({str(k): str(v) for k, v in value.items()}, self._language)
        return value if isinstance(value, str) else told(value)

    @property
    def _language(self) -> str:
        known = self.visit.ui.language in LANGUAGES
        return self.visit.ui.language if known else DEFAULT_LANGUAGE

    def keys(self) -> Mapping[str, str]:
        """What the keys of definitions are called on the forms."""
        t = self.visit.ui.t
        return {
            "label": t("Label"), "plural": t("Several"), "icon": t("Icon"), "title": t("Title of a record"),
            "ownership": t("Who a record belongs to"), "required": t("Required"), "unique": t("Unique"),
            "search": t("Found by search"), "help": t("Help"), "default": t("Value of new records"),
            "options": t("Options"), "visible_when": t("Shown where"), "type": t("Type"), "to": t("Leads to"),
            "many": t("Several"), "name": t("Name"), "inverse": t("The other side"),
            "on_delete": t("When the other record is deleted"), "color": t("Colour"), "sections": t("Section"),
            "rows": t("Rows"), **{name: param_words(self.visit, name, {})[0] for name in PARAMS},
        }  # fmt: skip


def _steps(path: Path) -> Iterator[str]:
    """The steps of the path but for languages, and for the words that change a list."""
    for index, step in enumerate(path):
        is_word = step in ITEM_WORDS and index > 0 and path[index - 1] in ITEM_LISTS
        if step not in LANGUAGES and not is_word:
            yield str(step)
