"""Flask-Admin behind our door: its registry of views and addresses, our shell, rights and content rules.

This is the only module that knows the library. Its templates, forms and static files are never used: an area
renders our templates, takes what was posted to our services, and is refused where they refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from flask import Blueprint, Flask, Response
from flask_admin import Admin, BaseView, expose
from flask_admin.theme import Theme

from xrm.ui.pages.answers import moved
from xrm.ui.pages.door import guarded, harden
from xrm.ui.pages.menu import USERS
from xrm.ui.pages.signin import stranger
from xrm.ui.pages.visit import Visit

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

ADMIN = "/admin"
Handler = Callable[..., Response]


def shown(url: str = "/") -> Callable[[Handler], Handler]:
    """The method answers `GET` on that address below its area."""
    return _exposed(url, "GET")


def posted(url: str) -> Callable[[Handler], Handler]:
    """The method answers `POST` on that address below its area."""
    return _exposed(url, "POST")


def asked(url: str) -> Callable[[Handler], Handler]:
    """The method answers both: a form, and what was filled in, which goes through the sign-in page if it must."""
    return _exposed(url, "GET", "POST", shows_again=True)


def _exposed(url: str, *methods: str, shows_again: bool = False) -> Callable[[Handler], Handler]:
    def mark(method: Any) -> Any:
        method.provide_automatic_options, method.shows_again = False, shows_again
        return expose(url, methods)(method)

    return mark


class Area(BaseView):  # type: ignore[misc]  # the library is untyped
    """One area of the administration. Its methods get a `Visit` of an administrator, and the names of the address."""

    href: ClassVar[str]
    _urls: list[tuple[str, str, tuple[str, ...]]]

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(endpoint=self.href.strip("/").replace("/", "_"), url=self.href)
        self._runtime, self._to_sign_in = runtime, stranger(runtime)
        # The library thinks of an area as a folder; our addresses end without a slash.
        self._urls = [("" if url == "/" else url, name, methods) for url, name, methods in self._urls]

    def create_blueprint(self, admin: Admin) -> Blueprint:
        """The addresses of the area, whose answers leave with the headers of every page."""
        blueprint: Blueprint = super().create_blueprint(admin)
        blueprint.after_request(partial(harden, self._runtime))
        return blueprint

    def _handle_view(self, name: str, **names: Any) -> None:
        """Whoever comes in is looked at where the visit is opened."""

    def _run_view(self, fn: Any, *args: Any, **names: str) -> Response:
        """The method has run for an administrator; the library's own would call it twice over a TypeError."""
        opened = guarded(self._runtime, partial(self._open, fn), self._to_sign_in, shows_again=fn.shows_again)
        return opened(**names)

    def _open(self, fn: Any, visit: Visit, **names: str) -> Response:
        visit.demand_administrator()
        made: Response = fn(self, visit, **names)
        return made


class Front(Area):
    """`/admin`: leads to the first area."""

    href = ADMIN

    @shown()
    def index(self, visit: Visit) -> Response:
        """The way to the users."""
        return moved(USERS)


def install(app: Flask, runtime: Runtime, areas: Iterable[type[Area]]) -> None:
    """The areas are served; nothing that comes with the library is."""
    admin = Admin(app, index_view=Front(runtime), theme=Theme("xrm", "base.html"))
    admin.add_views(*(area(runtime) for area in areas))
