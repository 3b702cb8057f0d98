"""Who may do what: rights as values, and row rules as conditions of the database."""

from xrm.engine.access.holding import checked_roles
from xrm.engine.access.rights import (
    ADMINISTRATOR,
    EVERYWHERE,
    NOWHERE,
    Condition,
    Decision,
    Policy,
    Rights,
    RowRule,
    all_names,
    always_readable,
    open_names,
    transition_roles_allow,
)

__all__ = [
    "ADMINISTRATOR",
    "EVERYWHERE",
    "NOWHERE",
    "Condition",
    "Decision",
    "Policy",
    "Rights",
    "RowRule",
    "all_names",
    "always_readable",
    "checked_roles",
    "open_names",
    "transition_roles_allow",
]
