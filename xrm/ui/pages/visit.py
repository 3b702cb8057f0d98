"""One request of a person: who asks, on which model, in which words. Handlers get this and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from babel import Locale, UnknownLocaleError
from werkzeug.datastructures import FileStorage, MultiDict

from xrm.engine.access import Rights
from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.queries.service import QueryService
from xrm.engine.records.service import RecordService
from xrm.errors import Forbidden, NotFound, Problem
from xrm.metadata.model import Entity, Label, Model, text_of
from xrm.ui.formatting import Reader
from xrm.ui.i18n import base_of
from xrm.ui.models import Flash

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime, Snapshot

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_VERSION = re.compile(r"[0-9]{1,18}\Z")
_USUAL = {"en": "en_GB", "pt": "pt_PT"}


def version_in(text: str) -> int | None:
    """The version that a form says it showed; None for what no version can be, however long it is."""
    return int(text) if _VERSION.match(text) else None


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that has passed the door. `fragment` is the id of the element that wants a part of the page.

    `is_again` says that the form was filled in before the person signed in anew, or kept as a draft: it is shown and
    nothing is done.
    """

    runtime: Runtime
    snapshot: Snapshot
    actor: Actor
    ui: Reader
    cookie: str
    csrf: str
    mark: str
    theme: str
    letter_keys: bool
    flash: Flash
    path: str
    args: Mapping[str, Sequence[str]]
    form: MultiDict[str, str]
    files: MultiDict[str, FileStorage]
    fragment: str = ""
    is_post: bool = False
    is_again: bool = False

    @property
    def model(self) -> Model:
        """The definitions in force."""
        return self.snapshot.model

    @property
    def queries(self) -> QueryService:
        """The one way to read records."""
        return self.snapshot.queries

    @property
    def records(self) -> RecordService:
        """The one way to write records."""
        return self.snapshot.records

    def arg(self, name: str) -> str:
        """The first value of a parameter of the address, or an empty text."""
        values = self.args.get(name, ())
        return values[0] if values else ""

    def chosen(self, name: str) -> str:
        """What was chosen in a form; chips send an empty value before the one that is chosen."""
        return next(reversed(self.form.getlist(name)), "")

    def rights(self, entity: str) -> Rights:
        """What this person may do with an entity."""
        return self.snapshot.policy.rights(self.actor, entity)

    def can(self, operation: str, entity: str) -> bool:
        """Whether the operation is granted on some record of a concrete entity."""
        found = self.model.entities.get(entity)
        return found is not None and not found.abstract and self.rights(entity).can(operation)

    def entity(self, name: str) -> Entity:
        """The entity, if this person may read some of its records; raises NotFound."""
        if not self.can("read", name):
            raise NotFound(Problem("R104", "There is no such page for you."))
        return self.model.entities[name]

    def entity_to(self, operation: str, name: str) -> Entity:
        """The entity, if this person may do the operation; raises Forbidden, or NotFound if it is hidden."""
        if self.can(operation, name):
            return self.model.entities[name]
        entity = self.entity(name)
        message = self.ui.t("No role of yours grants it on {plural}.", plural=self.plural(entity))
        raise Forbidden(Problem("A102", message, self.ui.t("Ask an administrator for a role that does.")))

    def demand_administrator(self) -> None:
        """This person administers the installation; raises Forbidden."""
        if ADMINISTRATOR not in self.actor.roles:
            message = self.ui.t("This is for administrators.")
            raise Forbidden(Problem("A102", message, self.ui.t("Ask an administrator for a role that does.")))

    def text(self, label: Label, otherwise: str = "") -> str:
        """A label of the model in the language of this person."""
        return text_of(label, self.ui.language, otherwise)

    def label(self, entity: Entity) -> str:
        """The name of one record of the entity."""
        return self.text(entity.label, entity.name)

    def role(self, name: str) -> str:
        """What a role is called; one that no pack brings any more stands for itself."""
        known = self.snapshot.policy.roles.get(name)
        return self.text(known.label, name) if known else name

    def plural(self, entity: Entity) -> str:
        """The name of many records of the entity."""
        return self.text(entity.plural, entity.name)

    def plural_amid(self, entity: Entity) -> str:
        """The same as it stands amid a sentence; what is written in capitals stays."""
        label = self.plural(entity)
        return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def record_id(text: str) -> UUID:
    """The id in an address; what is none leads nowhere, like an id that does not exist."""
    if _ID.match(text):
        return UUID(text)
    raise NotFound(Problem("R104", "This is not the id of a record."))


def locale_of(language: str, accepted: str) -> str:
    """The locale for numbers and dates: the browser's own region of that language, else the usual one."""
    for tag in accepted.split(","):
        name = tag.split(";")[0].strip().replace("-", "_")[:35]
        if base_of(name) == language and "_" in name and _is_known(name):
            return name
    return _USUAL.get(language, language)


def _is_known(name: str) -> bool:
    try:
        Locale.parse(name)
    except (ValueError, UnknownLocaleError):
        return False
    return True
