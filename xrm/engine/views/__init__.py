"""Views that people save for themselves and for others: the public names of the package."""

from xrm.engine.views.asked import TOTALS, Asked
from xrm.engine.views.saved import ALL, DENSITIES, ME, ROLE, SCOPES, SavedView, Shelf, Wanted
from xrm.engine.views.service import ViewService

__all__ = [
    "ALL",
    "DENSITIES",
    "ME",
    "ROLE",
    "SCOPES",
    "TOTALS",
    "Asked",
    "SavedView",
    "Shelf",
    "ViewService",
    "Wanted",
]
