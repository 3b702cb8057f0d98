"""JSON over HTTP: generic routes over the services of a runtime."""

from xrm.api.blueprint import create_api, install_errors
from xrm.api.docs import DocPages
from xrm.api.health import create_health

__all__ = ["DocPages", "create_api", "create_health", "install_errors"]
