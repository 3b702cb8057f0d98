"""xrm token: API tokens for programs, made without a browser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import click

from xrm.cli.frame import Group, data_option, json_option, opened
from xrm.cli.output import say, say_json, show_table


@click.group("token", cls=Group, help="Manage API tokens.")
def command() -> None:
    """A word about tokens follows."""


@command.command("add", help="Make a token for a user; it is shown this once.")
@click.argument("email")
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="Narrow it to this role of the user; may be repeated.")
@click.option("--days", type=click.IntRange(1, 3650), help="After so many days it ends.")
@data_option
@json_option
def add(
    email: str, name: str, roles: tuple[str, ...], days: int | None, data: Path | None, as_json: bool
) -> None:
    """Whoever sends the token acts as the user."""
    with opened(data) as runtime:
        user = runtime.identity.actor(runtime.directory.demand_user(email), door="cli")
        expires = runtime.world.now() + timedelta(days=days) if days else None
        token = runtime.identity.create_token(user, name, roles or None, expires)
    if as_json:
        say_json({"token": token, "email": email, "name": name, "expires_at": expires})
    else:
        say(token)


@command.command("list", help="List a user's tokens.")
@click.argument("email")
@data_option
@json_option
def list_(email: str, data: Path | None, as_json: bool) -> None:
    """What can be told of the user's tokens has been told."""
    with opened(data) as runtime:
        user = runtime.identity.actor(runtime.directory.demand_user(email), door="cli")
        tokens = runtime.identity.list_tokens(user)
    if as_json:
        facts = ("id", "name", "prefix", "created_at", "expires_at", "revoked_at", "roles")
        say_json([{fact: getattr(token, fact) for fact in facts} for token in tokens])
        return
    rows = [
        (
            t.id,
            t.name,
            t.prefix,
            f"{t.created_at:%Y-%m-%d}",
            t.expires_at or "",
            t.revoked_at or "",
        )
        for t in tokens
    ]
    show_table(("id", "name", "begins with", "made", "ends", "revoked"), rows)


@command.command("revoke", help="Let a token open nothing any more.")
@click.argument("token", type=click.UUID)
@data_option
@json_option
def revoke(token: UUID, data: Path | None, as_json: bool) -> None:
    """The token opens nothing, in every process, at once."""
    with opened(data) as runtime:
        runtime.identity.revoke_token(runtime.installer, token)
    if as_json:
        say_json({"id": token, "revoked": True})
    else:
        say("Revoked.")
