"""The runtime: one immutable value that holds the model and the services, and who swaps it."""

from xrm.engine.runtime.service import Runtime, demand_installation, open_runtime, rehearsals
from xrm.engine.runtime.snapshot import Snapshot

__all__ = ["Runtime", "Snapshot", "demand_installation", "open_runtime", "rehearsals"]
