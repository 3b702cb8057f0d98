"""user and token: the people and programs that may come in."""

import pytest

from xrm.errors import NotSignedIn


def test_a_new_user_signs_in_with_the_password_that_was_shown(installation, said):
    added = said("user", "add", "ana@example.com", "--name", "Ana", "--role", "system_admin")
    session = installation.identity.sign_in("ana@example.com", added["password"])
    assert installation.identity.resolve_session(session.token).roles == {"system_admin"}


def test_a_password_from_a_file_is_not_shown(installation, xrm, tmp_path):
    file = tmp_path / "password"
    file.write_text("four words in line\nsecond line\n")
    result = xrm("user", "add", "ana@example.com", "--password-file", file)
    assert result.stdout == "Added ana@example.com.\n"
    assert installation.identity.sign_in("ana@example.com", "four words in line")


def test_a_user_belongs_to_teams_and_a_unit(installation, said):
    groups, installer = installation.identity.groups, installation.installer
    unit, team = groups.create_unit(installer, "Iberia"), groups.create_team(installer, "North")
    added = said("user", "add", "ana@example.com", "--team", "North", "--unit", "iberia")
    actor = installation.identity.actor(installation.directory.user("ana@example.com"), door="cli")
    assert (str(actor.id), actor.unit, actor.teams) == (added["id"], unit, {team})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--role", "system_admim"), "Did you mean system_admin?"),
        (("--team", "North"), "There is no team 'North'."),
        (("--unit", "Iberia"), "There is no unit 'Iberia'."),
    ],
    ids=["role", "team", "unit"],
)
def test_a_user_with_something_unknown_is_refused_whole(installation, xrm, options, says):
    result = xrm("user", "add", "ana@example.com", *options)
    assert result.exit_code == 1
    assert says in result.stderr
    assert installation.directory.user("ana@example.com") is None


def test_users_are_listed_with_what_they_hold(installation, xrm, said):
    xrm("user", "add", "ana@example.com", "--name", "Ana", "--role", "system_admin")
    ana = next(person for person in said("user", "list") if person["email"] == "ana@example.com")
    assert (ana["name"], ana["active"], ana["roles"], ana["teams"]) == ("Ana", True, ["system_admin"], [])
    assert "ana@example.com" in xrm("user", "list").stdout


def test_a_new_password_replaces_the_old_one(installation, xrm, said):
    old = said("user", "add", "ana@example.com")["password"]
    new = said("user", "password", "ana@example.com")["password"]
    assert installation.identity.sign_in("ana@example.com", new)
    with pytest.raises(NotSignedIn):
        installation.identity.sign_in("ana@example.com", old)


def test_roles_are_exactly_those_named_last(installation, xrm, said):
    xrm("user", "add", "ana@example.com", "--role", "system_admin")
    xrm("user", "add", "rui@example.com", "--role", "system_admin")
    assert said("user", "roles", "ana@example.com")["roles"] == []
    ana = next(person for person in said("user", "list") if person["email"] == "ana@example.com")
    assert ana["roles"] == []


def test_the_last_administrator_stays_one(installation, xrm):
    xrm("user", "add", "ana@example.com", "--role", "system_admin")
    result = xrm("user", "deactivate", "ana@example.com")
    assert result.exit_code == 1
    assert "A134" in result.stderr


def test_a_deactivated_user_cannot_come_in_by_password_or_token(installation, said):
    password = said("user", "add", "ana@example.com")["password"]
    token = said("token", "add", "ana@example.com", "import")["token"]
    assert said("user", "deactivate", "ana@example.com")["active"] is False
    with pytest.raises(NotSignedIn):
        installation.identity.sign_in("ana@example.com", password)
    with pytest.raises(NotSignedIn):
        installation.identity.resolve_token(token)


def test_a_token_acts_as_its_user_until_it_is_revoked(installation, xrm, said):
    user = said("user", "add", "ana@example.com")["id"]
    token = xrm("token", "add", "ana@example.com", "import", "--days", "30").stdout.strip()
    assert str(installation.identity.resolve_token(token).id) == user
    listed = said("token", "list", "ana@example.com")
    assert [(t["name"], t["revoked_at"]) for t in listed] == [("import", None)]
    assert token not in xrm("token", "list", "ana@example.com").stdout
    assert said("token", "revoke", listed[0]["id"])["revoked"] is True
    with pytest.raises(NotSignedIn):
        installation.identity.resolve_token(token)


@pytest.mark.parametrize(
    "arguments",
    [("password",), ("roles",), ("deactivate",)],
    ids=["password", "roles", "deactivate"],
)
def test_a_user_who_is_not_there_is_a_refusal(installation, xrm, arguments):
    result = xrm("user", *arguments, "nobody@example.com")
    assert result.exit_code == 1
    assert "There is no user 'nobody@example.com'." in result.stderr
