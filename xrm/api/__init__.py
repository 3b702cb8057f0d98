"""JSON over HTTP: generic routes over the services of a runtime."""

from xrm.api.blueprint import create_api, install_errors
from xrm.api.health import create_health
from xrm.api.reference import reference, reference_list

__all__ = ["create_api", "create_health", "install_errors", "reference", "reference_list"]
