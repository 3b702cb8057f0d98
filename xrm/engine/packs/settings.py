"""Settings of packs: read, and given other values by a change of the customisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from xrm.engine.commands import Actor
from xrm.engine.identity.work import DEFINE, demand_administrator
from xrm.engine.packs.revision import Edit, Revision, Sources
from xrm.engine.packs.service import PackService
from xrm.errors import Invalid, Place, Problems
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.metadata.defining import documents_of, with_text
from xrm.metadata.definitions import Definitions
from xrm.metadata.documents import locate
from xrm.metadata.editing import depth_of, with_key, without_key
from xrm.metadata.fieldtypes.base import BadValue, FieldType
from xrm.metadata.model import Model
from xrm.metadata.names import near_hint
from xrm.metadata.setting_values import KIND, Setting, as_said, settings_of, value_of
from xrm.metadata.sources import PackSource

_FILE: Final = "settings.yaml"
_VALUE: Final = "default"
Values = Mapping[str, Any]


class PackSettings:
    """The settings of one installation, for administrators."""

    def __init__(self, packs: PackService, types: Mapping[str, FieldType]) -> None:
        self._packs, self._types = packs, types

    def list(self, actor: Actor, model: Model) -> tuple[Setting, ...]:
        """The settings of the packs in use with their values; raises Forbidden."""
        demand_administrator(actor, DEFINE)
        return settings_of(model, self._packs.read(), self._types)

    def revision(self, actor: Actor, model: Model, values: Values, confirmed: str = "") -> Revision:
        """The installation with these values, None for that of the pack; to be planned and carried out.

        Raises Forbidden, and Invalid with every name that no setting has and every value that its setting cannot have.
        """
        known = {setting.name: setting for setting in self.list(actor, model)}
        problems = Problems()
        read = {name: self._read(known, name, value, problems) for name, value in values.items()}
        if problems.found:
            raise Invalid(problems.found)
        return Revision(edit=_setting(read), confirmed=confirmed)

    def _read(self, known: Mapping[str, Setting], name: str, value: Any, problems: Problems) -> Any:
        """The value as a document says it."""
        place, setting = Place(path=name), known.get(name)
        if setting is None:
            hint = near_hint(name, known, "A pack has the settings that its expressions read.")
            problems.add("M250", f'No pack has a setting "{name}".', hint, place)
            return None
        try:
            return (
                None
                if value is None
                else as_said(value_of(self._types, setting.kind, setting.options, value))
            )
        except BadValue as refusal:
            problems.extend([refusal.problem.at(place)])
            return None


def _setting(values: Values) -> Edit:
    """The edit by which the customisation gives settings these values, and says nothing of those with None."""

    def edit(_definitions: Definitions, present: Sources) -> PackSource:
        live = present.get(CUSTOMISATION)
        documents = documents_of(live)
        file = next((one.path for one in locate(live)[0] if one.kind == KIND), _FILE) if live else _FILE
        text = documents.get(file, "")
        for name, value in values.items():
            text = _without(text, name) if value is None else with_key(text, (name, _VALUE), value)
        return from_documents(with_text(documents, file, text))

    return edit


def _without(text: str, name: str) -> str:
    """The text that gives the setting no value, nor says its type for that value alone."""
    if depth_of(text, (name, _VALUE)) < len((name, _VALUE)):
        return text
    left = without_key(text, (name, _VALUE))
    is_typed = depth_of(left, (name, "type")) > 1
    bare = without_key(left, (name, "type")) if is_typed else left
    return left if depth_of(bare, (name,)) else bare
