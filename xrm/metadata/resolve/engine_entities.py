"""The engine's own entities as packs see them: people, teams and business units, read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xrm.metadata.expressions.check import check
from xrm.metadata.expressions.scope import TITLE
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.expressions.types import TEXT
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.model import Entity, Field, Label, Relationship, Shape
from xrm.metadata.typing_scope import ModelNames

ENGINE_PACK = "xrm"

_LABELS: Mapping[str, tuple[Label, Label, str]] = {
    "user": (
        {"en": "User", "pt": "Utilizador", "es": "Usuario", "ru": "Пользователь"},
        {"en": "Users", "pt": "Utilizadores", "es": "Usuarios", "ru": "Пользователи"},
        "user",
    ),
    "team": (
        {"en": "Team", "pt": "Equipa", "es": "Equipo", "ru": "Команда"},
        {"en": "Teams", "pt": "Equipas", "es": "Equipos", "ru": "Команды"},
        "users",
    ),
    "unit": (
        {"en": "Business unit", "pt": "Unidade de negócio", "es": "Unidad de negocio", "ru": "Подразделение"},
        {
            "en": "Business units",
            "pt": "Unidades de negócio",
            "es": "Unidades de negocio",
            "ru": "Подразделения",
        },
        "building",
    ),
}
_NAME: Label = {"en": "Name", "pt": "Nome", "es": "Nombre", "ru": "Имя"}
_EMAIL: Label = {"en": "E-mail", "pt": "E-mail", "es": "Correo electrónico", "ru": "Электронная почта"}
_ACTIVE: Label = {"en": "Active", "pt": "Ativo", "es": "Activo", "ru": "Активен"}
_UNIT: Label = _LABELS["unit"][0]
_MANAGER: Label = {"en": "Manager", "pt": "Responsável", "es": "Responsable", "ru": "Руководитель"}
_PARENT: Label = {"en": "Parent unit", "pt": "Unidade superior", "es": "Unidad superior", "ru": "Вышестоящее"}


def engine_entities(types: Mapping[str, FieldType]) -> dict[str, Entity]:
    """`user`, `team` and `unit`, whose records the engine keeps in tables of its own."""
    name = Field("name", types["text"], _NAME, required=True, search=True, pack=ENGINE_PACK)
    own_name = replace(name, unique=True)  # teams and units are told apart by their names, people are not
    email = Field("email", types["email"], _EMAIL, required=True, unique=True, search=True, pack=ENGINE_PACK)
    active = Field("active", types["boolean"], _ACTIVE, required=True, pack=ENGINE_PACK)
    unit = _lookup("user", "unit", "unit", _UNIT)
    manager = _lookup("user", "manager", "user", _MANAGER, inverse="reports")
    parent = _lookup("unit", "parent", "unit", _PARENT, inverse="children", hierarchy=True)
    return {
        "user": _entity("user", (name, email, active), (unit, manager)),
        "team": _entity("team", (own_name,), (_lookup("team", "unit", "unit", _UNIT),)),
        "unit": _entity("unit", (own_name,), (parent,)),
    }


def _entity(name: str, fields: tuple[Field, ...], lookups: tuple[Relationship, ...]) -> Entity:
    label, plural, icon = _LABELS[name]
    bare = Entity(
        name,
        ENGINE_PACK,
        label,
        plural,
        icon=icon,
        is_engine=True,
        fields={f.name: f for f in fields},
        relationships={r.name: r for r in lookups},
    )
    title = check("name", name, ModelNames({name: bare}), scope=TITLE, expect=TEXT)
    return replace(bare, title=title) if isinstance(title, Expression) else bare


def _lookup(
    entity: str, name: str, target: str, label: Label, *, inverse: str = "", hierarchy: bool = False
) -> Relationship:
    return Relationship(
        name,
        entity,
        Shape.LOOKUP,
        (target,),
        label,
        inverse=inverse,
        on_delete="clear",
        hierarchy=hierarchy,
        pack=ENGINE_PACK,
    )
