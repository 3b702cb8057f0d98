"""xrm user: who may sign in, and what they hold."""

from __future__ import annotations

from pathlib import Path

import click

from xrm.cli.frame import Group, data_option, json_option, opened
from xrm.cli.output import say, say_json, show_table

_PASSWORD_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("user", cls=Group, help="Manage users.")
def command() -> None:
    """A word about users follows."""


@command.command("list", help="List all users.")
@data_option
@json_option
def list_(data: Path | None, as_json: bool) -> None:
    """Every user has been told, with roles and teams."""
    with opened(data) as runtime:
        people = runtime.directory.people()
    if as_json:
        facts = ("id", "email", "name", "active", "roles", "teams")
        say_json([{fact: getattr(person, fact) for fact in facts} for person in people])
        return
    rows = [
        (p.email, p.name, "" if p.active else "no", ", ".join(p.roles), ", ".join(p.teams)) for p in people
    ]
    show_table(("e-mail", "name", "active", "roles", "teams"), rows)


@command.command("add", help="Add a user. Without --password-file a password is made and shown once.")
@click.argument("email")
@click.option("--name", help="The name that others see; the address without it.")
@click.option("--role", "roles", multiple=True, help="A role that they hold; may be repeated.")
@click.option("--team", "teams", multiple=True, help="A team that they belong to; may be repeated.")
@click.option("--unit", help="Their business unit.")
@click.option("--password-file", type=_PASSWORD_FILE, help="A file whose first line is the password.")
@data_option
@json_option
def add(
    email: str,
    name: str | None,
    roles: tuple[str, ...],
    teams: tuple[str, ...],
    unit: str | None,
    password_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """The user can sign in."""
    from xrm.cli.passwords import made_password, read_password
    from xrm.cli.people import demand_team, demand_unit
    from xrm.engine.access import checked_roles

    with opened(data) as runtime:
        checked = checked_roles(roles, runtime.current().policy.roles)
        members = [demand_team(runtime, team) for team in teams]
        password = read_password(password_file) if password_file else made_password(runtime.world)
        user = runtime.identity.people.create_user(
            runtime.installer,
            email=email,
            name=name or email,
            password=password,
            roles=checked,
            unit=demand_unit(runtime, unit) if unit else None,
            teams=members,
        )
    shown = {} if password_file else {"password": password}
    if as_json:
        say_json({"id": user, "email": email, **shown})
        return
    say(f"Added {email}.")
    if shown:
        say(f"Password: {password}")


@command.command("password", help="Give a user another password; their sessions end.")
@click.argument("email")
@click.option("--password-file", type=_PASSWORD_FILE, help="A file whose first line is the password.")
@data_option
@json_option
def password(email: str, password_file: Path | None, data: Path | None, as_json: bool) -> None:
    """The user has the password of the file, or one that is shown once."""
    from xrm.cli.passwords import made_password, read_password

    with opened(data) as runtime:
        chosen = read_password(password_file) if password_file else made_password(runtime.world)
        user = runtime.directory.demand_user(email)
        runtime.identity.people.set_password(runtime.installer, user, chosen)
    shown = {} if password_file else {"password": chosen}
    if as_json:
        say_json({"id": user, "email": email, **shown})
    else:
        say(f"Password: {chosen}" if shown else f"{email} has the new password.")


@command.command("roles", help="Let a user hold exactly these roles.")
@click.argument("email")
@click.argument("roles", nargs=-1)
@data_option
@json_option
def roles(email: str, roles: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """The user holds these roles and no others."""
    from xrm.engine.access import checked_roles

    with opened(data) as runtime:
        user = runtime.directory.demand_user(email)
        checked = checked_roles(roles, runtime.current().policy.roles)
        runtime.identity.people.assign_roles(runtime.installer, user, checked)
    if as_json:
        say_json({"id": user, "email": email, "roles": sorted(roles)})
    else:
        say(f"{email} holds {', '.join(sorted(roles)) or 'no role'}.")


@command.command("deactivate", help="Let a user sign in no more; their sessions and tokens end.")
@click.argument("email")
@data_option
@json_option
def deactivate(email: str, data: Path | None, as_json: bool) -> None:
    """The user cannot act any more."""
    with opened(data) as runtime:
        user = runtime.directory.demand_user(email)
        runtime.identity.people.set_active(runtime.installer, user, False)
    if as_json:
        say_json({"id": user, "email": email, "active": False})
    else:
        say(f"{email} cannot sign in any more.")
