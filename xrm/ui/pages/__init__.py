"""The generated pages: one table of addresses, each with its handler and who may come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint

from xrm.ui.assets import TEMPLATES
from xrm.ui.pages import (
    arranging,
    bulk,
    cells,
    comments,
    display,
    exporting,
    files,
    filtering,
    forms,
    happenings,
    home,
    importing,
    jobs,
    keeping,
    keys,
    linking,
    lists,
    live,
    lookups,
    marking,
    me,
    menu,
    moving,
    organisation,
    quick,
    records,
    saving,
    search,
    setup,
    sharing,
    signin,
    steps,
    trash,
    twins,
    undoing,
    views,
    welcome,
)
from xrm.ui.pages.door import Handler, guarded, harden

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

READ, BOTH, WRITE = ("GET",), ("GET", "POST"), ("POST",)
_MANY = "/r/<entity>"
_VIEWS = f"{_MANY}/views"
_JOB = "/r/<entity>/jobs/<job>"
_ONE = "/r/<entity>/<record>"
_LINKS = f"{_ONE}/links/<relationship>"


@dataclass(frozen=True, slots=True)
class Route:
    """An address for people who are signed in. Every POST needs the word of their session.

    Those that `shows_again` show a form of an earlier session as it was typed, instead of refusing it.
    """

    methods: tuple[str, ...]
    path: str
    handle: Handler
    shows_again: bool = False


ROUTES = (
    Route(READ, "/", home.show),
    Route(READ, "/search", search.search),
    Route(READ, "/palette", search.palette),
    Route(READ, "/help/keys", keys.show),
    Route(READ, _MANY, views.show),
    Route(BOTH, f"{_MANY}/new", forms.new, shows_again=True),
    Route(BOTH, f"{_MANY}/quick", quick.make),
    Route(WRITE, f"{_MANY}/conditions", live.judge),
    Route(READ, f"{_MANY}/rows", lists.rows),
    Route(READ, f"{_MANY}/filter", filtering.build),
    Route(READ, f"{_MANY}/display", display.show),
    Route(WRITE, f"{_MANY}/density", display.set_density),
    Route(BOTH, f"{_VIEWS}/new", saving.new, shows_again=True),
    Route(WRITE, f"{_VIEWS}/first", saving.begin),
    Route(WRITE, f"{_VIEWS}/<view>/save", saving.save),
    Route(BOTH, f"{_VIEWS}/<view>/edit", saving.edit, shows_again=True),
    Route(BOTH, f"{_VIEWS}/<view>/delete", saving.delete, shows_again=True),
    Route(READ, f"{_MANY}/bulk", bulk.choose),
    Route(WRITE, f"{_MANY}/bulk", bulk.change),
    Route(READ, f"{_MANY}/duplicates", twins.show),
    Route(BOTH, f"{_MANY}/merge", twins.merge, shows_again=True),
    Route(READ, f"{_MANY}/trash", trash.show),
    Route(BOTH, f"{_MANY}/import", importing.choose),
    Route(BOTH, f"{_MANY}/import/<file>", importing.columns),
    Route(WRITE, f"{_MANY}/export", exporting.export),
    Route(READ, _JOB, jobs.show),
    Route(READ, f"{_JOB}/file", jobs.file),
    Route(WRITE, f"{_JOB}/start", jobs.start),
    Route(WRITE, f"{_JOB}/cancel", jobs.cancel),
    Route(WRITE, f"{_JOB}/undo", jobs.undo),
    Route(READ, f"{_MANY}/lookup/<relationship>", lookups.offer),
    Route(READ, _ONE, records.show),
    Route(READ, f"{_ONE}/peek", records.peek),
    Route(READ, f"{_ONE}/field/<field>", cells.edit),
    Route(WRITE, f"{_ONE}/field/<field>", cells.save),
    Route(WRITE, f"{_ONE}/ahead/<field>", cells.ahead),
    Route(BOTH, f"{_ONE}/edit", forms.edit, shows_again=True),
    Route(BOTH, f"{_ONE}/delete", records.delete, shows_again=True),
    Route(WRITE, f"{_ONE}/restore", records.restore),
    Route(READ, f"{_ONE}/history", happenings.history),
    Route(BOTH, f"{_ONE}/comments", comments.write, shows_again=True),
    Route(BOTH, f"{_ONE}/comments/<comment>/edit", comments.edit, shows_again=True),
    Route(WRITE, f"{_ONE}/comments/<comment>/delete", comments.delete),
    Route(READ, f"{_ONE}/people", comments.people),
    Route(WRITE, f"{_ONE}/marks/<kind>", marking.mark),
    Route(BOTH, f"{_ONE}/move", moving.move),
    Route(BOTH, f"{_ONE}/steps/<step>", steps.take, shows_again=True),
    Route(BOTH, f"{_ONE}/connect", linking.connect, shows_again=True),
    Route(BOTH, f"{_ONE}/share", sharing.share, shows_again=True),
    Route(WRITE, f"{_ONE}/shares/<share>/end", sharing.end),
    Route(READ, f"{_ONE}/connections", linking.connections),
    Route(READ, _LINKS, linking.show),
    Route(BOTH, f"{_LINKS}/new", linking.new, shows_again=True),
    Route(WRITE, f"{_LINKS}/<link>/remove", linking.remove),
    Route(READ, f"{_ONE}/files/<field>/<file>", files.download),
    Route(WRITE, "/undo/<token>", undoing.undo),
    Route(READ, "/me", me.show),
    Route(WRITE, "/me", me.save_profile),
    Route(READ, keeping.ARRANGE, arranging.show),
    Route(WRITE, f"{keeping.ARRANGE}/move", arranging.move),
    Route(WRITE, "/me/theme", signin.set_theme),
    Route(WRITE, "/me/password", me.save_password),
    Route(WRITE, "/me/sessions/end", me.sign_out_everywhere),
    Route(WRITE, "/me/sessions/<session>/end", me.end_session),
    Route(WRITE, "/me/tokens", me.create_token),
    Route(WRITE, "/me/tokens/<token>/revoke", me.revoke_token),
    Route(READ, menu.ORGANISATION, organisation.show),
    Route(WRITE, menu.ORGANISATION, organisation.rename),
    Route(WRITE, f"{menu.ORGANISATION}/sample", organisation.change_sample),
    Route(WRITE, f"{menu.ORGANISATION}/guide", organisation.guide),
    Route(WRITE, "/logout", signin.sign_out),
)


def create_pages(runtime: Runtime) -> Blueprint:
    """Every page over `runtime`."""
    blueprint = Blueprint("pages", __name__, template_folder=str(TEMPLATES))
    blueprint.add_url_rule("/login", "login", signin.sign_in(runtime), methods=["GET", "POST"])
    blueprint.add_url_rule(
        f"{welcome.WELCOME}/<secret>", "welcome", welcome.choose(runtime), methods=["GET", "POST"]
    )
    blueprint.add_url_rule(setup.ADDRESS, "setup", setup.set_up(runtime), methods=["GET", "POST"])
    to_sign_in = signin.stranger(runtime)
    for route in ROUTES:
        blueprint.add_url_rule(
            route.path,
            endpoint=f"{'_'.join(route.methods)} {route.path}".replace(".", "_"),
            view_func=guarded(runtime, route.handle, to_sign_in, shows_again=route.shows_again),
            methods=list(route.methods),
            provide_automatic_options=False,
        )
    blueprint.after_request(lambda made: harden(runtime, made))
    return blueprint
