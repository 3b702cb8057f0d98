"""JSON over HTTP: generic routes over the services of a runtime."""

from xrm.api.blueprint import create_api, edge_of, install_errors
from xrm.api.direct import Direct
from xrm.api.health import Figures, create_health
from xrm.api.reference import reference, reference_list

__all__ = [
    "Direct",
    "Figures",
    "create_api",
    "create_health",
    "edge_of",
    "install_errors",
    "reference",
    "reference_list",
]
