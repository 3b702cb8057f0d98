"""The administration of an installation: its areas, served by Flask-Admin under our shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from xrm.ui.admin.bringing import Bringing
from xrm.ui.admin.changes import Changes
from xrm.ui.admin.defining_options import Options
from xrm.ui.admin.definitions import Definitions
from xrm.ui.admin.groups import Teams, Units
from xrm.ui.admin.health import Health
from xrm.ui.admin.icons import Icons
from xrm.ui.admin.jobs import Works
from xrm.ui.admin.keys import Sessions, Tokens
from xrm.ui.admin.packs import Packs
from xrm.ui.admin.rates import Rates
from xrm.ui.admin.removed import Removed
from xrm.ui.admin.review import Review
from xrm.ui.admin.roles import Roles
from xrm.ui.admin.settings import Settings
from xrm.ui.admin.skin import Area, install
from xrm.ui.admin.uninstalling import Uninstalling
from xrm.ui.admin.users import Users
from xrm.ui.admin.uses import Uses
from xrm.ui.admin.versions import Versions

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

AREAS: tuple[type[Area], ...] = (
    Users, Teams, Units, Roles, Tokens, Sessions, Changes, Works, Settings, Definitions, Options, Icons, Review,
    Versions, Removed, Packs, Bringing, Uninstalling, Uses, Health, Rates,
)  # fmt: skip


def install_administration(app: Flask, runtime: Runtime) -> None:
    """Every area of the administration is served by the application."""
    install(app, runtime, AREAS)
