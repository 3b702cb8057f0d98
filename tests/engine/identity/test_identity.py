"""Who somebody is: sign-in, sessions, tokens, roles, teams and units, in every process at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.engine.identity.conftest import PASSWORD, SETTINGS, SYSTEM
from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity import Identity
from xrm.engine.storage.ledger import ATTEMPT, CHANGE, CREDENTIAL, SESSION, TOKEN
from xrm.engine.storage.stamp import StampReader
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, NotSignedIn, TooMany, XrmError

EMAIL = "helena@iron.example"


def signed_in(identity: Identity) -> str:
    return identity.sign_in(EMAIL, PASSWORD, address="10.0.0.1").token


def resolves(identity: Identity, cookie: str) -> bool:
    try:
        identity.resolve_session(cookie)
    except NotSignedIn:
        return False
    return True


def opens(identity: Identity, token: str) -> bool:
    try:
        identity.resolve_token(token)
    except NotSignedIn:
        return False
    return True


# --- sign-in ----------------------------------------------------------------------------------------


def test_a_session_leads_to_the_person_with_roles_teams_and_units(identity, helena):
    top = identity.groups.create_unit(SYSTEM, "Company")
    sales = identity.groups.create_unit(SYSTEM, "Sales", top)
    south = identity.groups.create_unit(SYSTEM, "South", sales)
    other = identity.groups.create_unit(SYSTEM, "Factory", top)
    team = identity.groups.create_team(SYSTEM, "Callers", sales)
    identity.groups.add_member(SYSTEM, team, helena)
    identity.people.update_user(SYSTEM, helena, {"unit": sales, "language": "pt", "zone": "Europe/Lisbon"})

    actor = identity.resolve_session(signed_in(identity))

    assert (actor.id, actor.name, actor.door) == (helena, "Helena", "page")
    assert actor.roles == {"handler", "reader"}
    assert actor.teams == {team}
    assert actor.unit == sales
    assert actor.units == {sales, south}
    assert other not in actor.units
    assert (actor.language, actor.zone) == ("pt", "Europe/Lisbon")


@pytest.mark.parametrize(
    "email",
    ["helena@iron.example", "HELENA@IRON.EXAMPLE", "  Helena@iron.example "],
    ids=["as is", "case", "space"],
)
def test_the_address_may_be_typed_in_any_case(identity, helena, email):
    assert identity.resolve_session(identity.sign_in(email, PASSWORD).token).id == helena


def refused(identity: Identity, email: str, password: str) -> tuple[str, str]:
    with pytest.raises(NotSignedIn) as refusal:
        identity.sign_in(email, password)
    return refusal.value.first.code, str(refusal.value)


def test_unknown_wrong_and_switched_off_are_answered_alike(identity, helena):
    identity.people.create_user(SYSTEM, email="off@iron.example", name="Off", password=PASSWORD)
    identity.people.create_user(SYSTEM, email="bare@iron.example", name="Without password")
    off = identity.resolve_session(identity.sign_in("off@iron.example", PASSWORD).token).id
    identity.people.set_active(SYSTEM, off, active=False)

    answers = {
        refused(identity, EMAIL, "a wrong password"),
        refused(identity, "nobody@iron.example", PASSWORD),
        refused(identity, "off@iron.example", PASSWORD),
        refused(identity, "bare@iron.example", PASSWORD),
        refused(identity, "no address \0 \ud800", "\0\ud800"),
    }

    assert len(answers) == 1


def test_an_unknown_account_costs_a_hash_too(identity, helena, monkeypatch):
    seen = []
    passwords = identity._sessions._passwords
    honest = passwords.is_right
    monkeypatch.setattr(passwords, "is_right", lambda kept, given: seen.append(given) or honest(kept, given))
    refused(identity, "nobody@iron.example", "first")
    refused(identity, EMAIL, "second")
    assert seen == ["first", "second"]


def test_guessing_is_stopped_per_account_and_starts_again_after_a_while(
    identity, other_process, helena, world
):
    for guess in ("one wrong", "two wrong", "three wrong"):
        refused(identity, EMAIL, guess)

    with pytest.raises(TooMany) as refusal:
        other_process.sign_in(EMAIL, PASSWORD)
    assert 0 < refusal.value.facts["retry_after"] <= 900

    world.clock.advance(timedelta(minutes=16))
    assert resolves(identity, signed_in(identity))


def test_an_account_that_does_not_exist_is_limited_alike(identity):
    for _ in range(3):
        refused(identity, "nobody@iron.example", "guess")
    with pytest.raises(TooMany):
        identity.sign_in("nobody@iron.example", "guess")


def test_guessing_at_many_accounts_is_stopped_by_address(identity, helena):
    for number in range(30):
        with pytest.raises(NotSignedIn):
            identity.sign_in(f"guess{number}@iron.example", "guess", address="10.9.9.9")
    with pytest.raises(TooMany):
        identity.sign_in(EMAIL, PASSWORD, address="10.9.9.9")
    assert resolves(identity, signed_in(identity))


def test_right_passwords_never_count_against_an_address(identity, helena):
    for _ in range(35):
        assert resolves(identity, signed_in(identity))
    with pytest.raises(NotSignedIn):
        identity.sign_in(EMAIL, "guess", address="10.0.0.1")


def test_a_right_password_leaves_the_failures_of_its_address(identity, helena):
    for number in range(29):
        with pytest.raises(NotSignedIn):
            identity.sign_in(f"guess{number}@iron.example", "guess", address="10.0.0.1")
    assert resolves(identity, signed_in(identity))
    with pytest.raises(NotSignedIn):
        identity.sign_in("guess@iron.example", "guess", address="10.0.0.1")
    with pytest.raises(TooMany):
        identity.sign_in(EMAIL, PASSWORD, address="10.0.0.1")


def test_guesses_at_the_same_moment_are_counted_like_guesses_one_after_another(identity, helena):
    gate = Barrier(12)

    def guess(_: int) -> type[XrmError]:
        gate.wait()
        with pytest.raises((NotSignedIn, TooMany)) as refusal:
            identity.sign_in(EMAIL, "guess", address="10.0.0.1")
        return refusal.type

    with ThreadPoolExecutor(12) as pool:
        told = Counter(pool.map(guess, range(12)))
    assert told == {NotSignedIn: 3, TooMany: 9}


def test_a_right_password_forgets_the_failures_of_the_account(identity, helena, database):
    refused(identity, EMAIL, "wrong")
    signed_in(identity)
    with database.read() as unit:
        keys = unit.execute(sa.select(ATTEMPT.c.key)).scalars().all()
    assert keys == []


# --- the end of a session ---------------------------------------------------------------------------


def test_a_sign_out_works_at_once_in_every_process(identity, other_process, helena):
    cookie = signed_in(identity)
    assert resolves(other_process, cookie)
    identity.sign_out(cookie)
    assert not resolves(other_process, cookie)
    assert not resolves(identity, cookie)


def test_a_session_ends_by_itself(identity, helena, world):
    cookie = signed_in(identity)
    assert resolves(identity, cookie)
    world.clock.advance(timedelta(hours=SETTINGS.limits.session_hours))
    assert not resolves(identity, cookie)


def test_another_password_ends_every_session(identity, other_process, helena):
    cookie = signed_in(identity)
    assert resolves(other_process, cookie)
    identity.people.set_password(SYSTEM, helena, "another horse battery")
    assert not resolves(other_process, cookie)
    with pytest.raises(NotSignedIn):
        signed_in(identity)
    assert resolves(identity, identity.sign_in(EMAIL, "another horse battery").token)


def test_a_person_changes_their_password_with_the_old_one_only(identity, helena):
    actor = identity.resolve_session(signed_in(identity))
    with pytest.raises(Forbidden):
        identity.people.change_password(actor, "not the old one", "another horse battery")
    identity.people.change_password(actor, PASSWORD, "another horse battery")
    assert resolves(identity, identity.sign_in(EMAIL, "another horse battery").token)


def test_switching_a_person_off_ends_sessions_and_tokens_everywhere(identity, other_process, helena):
    cookie = signed_in(identity)
    token = identity.create_token(identity.resolve_session(cookie), "script")
    assert resolves(other_process, cookie)
    assert opens(other_process, token)
    identity.people.set_active(SYSTEM, helena, active=False)
    assert not resolves(other_process, cookie)
    assert not opens(other_process, token)


def test_signing_out_everywhere_ends_every_session_of_that_person(identity, helena):
    first, second = signed_in(identity), signed_in(identity)
    identity.sign_out_everywhere(identity.resolve_session(first))
    assert not resolves(identity, first)
    assert not resolves(identity, second)


# --- what is remembered -----------------------------------------------------------------------------


def test_a_changed_role_works_at_once_in_every_process(identity, other_process, helena):
    cookie = signed_in(identity)
    assert other_process.resolve_session(cookie).roles == {"handler", "reader"}
    identity.people.assign_roles(SYSTEM, helena, ["reader"])
    assert other_process.resolve_session(cookie).roles == {"reader"}
    identity.people.assign_roles(SYSTEM, helena, [])
    assert other_process.resolve_session(cookie).roles == frozenset()


def test_leaving_a_team_and_moving_a_unit_work_at_once(identity, other_process, helena):
    a, b = identity.groups.create_unit(SYSTEM, "A"), identity.groups.create_unit(SYSTEM, "B")
    team = identity.groups.create_team(SYSTEM, "Callers")
    identity.groups.add_member(SYSTEM, team, helena)
    identity.people.update_user(SYSTEM, helena, {"unit": a})
    cookie = signed_in(identity)
    assert other_process.resolve_session(cookie).units == {a}

    identity.groups.update_unit(SYSTEM, b, "B", a)
    identity.groups.remove_member(SYSTEM, team, helena)

    actor = other_process.resolve_session(cookie)
    assert actor.units == {a, b}
    assert actor.teams == frozenset()


def test_a_remembered_actor_is_not_looked_up_again(identity, helena, monkeypatch):
    cookie = signed_in(identity)
    identity.resolve_session(cookie)
    monkeypatch.setattr(identity._resolver, "_look_up", lambda *given: pytest.fail("looked up"))
    assert identity.resolve_session(cookie).id == helena


def test_the_door_is_that_of_the_request(identity, helena):
    cookie = signed_in(identity)
    assert identity.resolve_session(cookie, door="api").door == "api"
    assert identity.resolve_session(cookie).door == "page"


def test_a_session_is_not_a_token_and_a_token_not_a_session(identity, helena):
    cookie = signed_in(identity)
    token = identity.create_token(identity.resolve_session(cookie), "script")
    assert not opens(identity, cookie)
    assert not resolves(identity, token)


# --- tokens -----------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_only_its_hash_is_kept(identity, helena, database):
    cookie = signed_in(identity)
    token = identity.create_token(identity.resolve_session(cookie), "script")
    with database.read() as unit:
        kept = [
            str(row)
            for table in (TOKEN, SESSION, CREDENTIAL, CHANGE)
            for row in unit.execute(sa.select(table))
        ]
    assert not any(secret in row for row in kept for secret in (token, cookie, PASSWORD))
    (told,) = identity.list_tokens(identity.resolve_token(token))
    assert token.startswith(told.prefix)
    assert len(token) - len(told.prefix) >= 58


def test_a_revoked_token_opens_nothing_in_any_process(identity, other_process, helena):
    actor = identity.resolve_session(signed_in(identity))
    token = identity.create_token(actor, "script")
    assert opens(other_process, token)
    identity.revoke_token(actor, identity.list_tokens(actor)[0].id)
    assert not opens(other_process, token)


def test_a_token_ends_when_it_says(identity, helena, world):
    actor = identity.resolve_session(signed_in(identity))
    token = identity.create_token(actor, "script", expires=world.now() + timedelta(hours=1))
    assert opens(identity, token)
    world.clock.advance(timedelta(hours=1))
    assert not opens(identity, token)


def test_a_token_holds_some_roles_of_its_owner_and_never_more(identity, helena):
    actor = identity.resolve_session(signed_in(identity))
    token = identity.create_token(actor, "script", roles=["reader"])
    assert identity.resolve_token(token).roles == {"reader"}
    identity.people.assign_roles(SYSTEM, helena, ["handler"])
    assert identity.resolve_token(token).roles == frozenset()
    with pytest.raises(Forbidden):
        identity.create_token(actor, "script", roles=[ADMINISTRATOR])


def test_a_token_of_no_roles_may_nothing(identity, helena):
    token = identity.create_token(identity.resolve_session(signed_in(identity)), "script", roles=[])
    assert identity.resolve_token(token).roles == frozenset()


def test_nobody_revokes_the_token_of_another(identity, helena):
    identity.people.create_user(SYSTEM, email="rui@iron.example", name="Rui", password=PASSWORD)
    rui = identity.resolve_session(identity.sign_in("rui@iron.example", PASSWORD).token)
    actor = identity.resolve_session(signed_in(identity))
    token = identity.create_token(actor, "script")
    with pytest.raises(NotFound):
        identity.revoke_token(rui, identity.list_tokens(actor)[0].id)
    assert opens(identity, token)


# --- who may change whom ----------------------------------------------------------------------------

FORBIDDEN = {
    "create a user": lambda i, a: i.people.create_user(a, email="x@iron.example", name="X"),
    "give themselves a role": lambda i, a: i.people.assign_roles(a, a.id, [ADMINISTRATOR]),
    "rename a user": lambda i, a: i.people.update_user(a, a.id, {"name": "X"}),
    "switch a user off": lambda i, a: i.people.set_active(a, a.id, active=False),
    "set a password": lambda i, a: i.people.set_password(a, a.id, "another horse battery"),
    "make a team": lambda i, a: i.groups.create_team(a, "X"),
    "make a unit": lambda i, a: i.groups.create_unit(a, "X"),
}


@pytest.mark.parametrize("act", FORBIDDEN.values(), ids=FORBIDDEN)
def test_who_is_no_administrator_changes_nobody(identity, helena, database, act):
    actor = identity.resolve_session(signed_in(identity))
    before = changes(database)
    with pytest.raises(Forbidden):
        act(identity, actor)
    assert changes(database) == before


INVALID = {
    "a short password": {"password": "short"},
    "a plain password": {"password": "aaaaaaaaaaaa"},
    "the address as password": {"password": "X@Iron.example"},
    "no address": {"email": "x"},
    "no name": {"name": "  "},
    "an unknown language": {"language": "tlh"},
    "an unknown zone": {"zone": "Mars/Base"},
}


@pytest.mark.parametrize("fault", INVALID.values(), ids=INVALID)
def test_a_user_who_cannot_be_is_refused(identity, database, fault):
    with pytest.raises(Invalid) as refusal:
        identity.people.create_user(SYSTEM, **{"email": "x@iron.example", "name": "X", **fault})
    assert refusal.value.first.where.path == next(iter(fault))
    assert changes(database) == []


def test_an_address_belongs_to_one_person(identity, helena):
    with pytest.raises(Conflict):
        identity.people.create_user(SYSTEM, email="HELENA@iron.example", name="Another")


def test_the_last_administrator_stays(identity, helena):
    identity.people.assign_roles(SYSTEM, helena, [ADMINISTRATOR])
    for act in (
        lambda: identity.people.assign_roles(SYSTEM, helena, ["reader"]),
        lambda: identity.people.set_active(SYSTEM, helena, active=False),
    ):
        with pytest.raises(Conflict):
            act()
    assert identity.people.roles_of(helena) == {ADMINISTRATOR}


def test_a_unit_never_lies_below_itself(identity):
    top = identity.groups.create_unit(SYSTEM, "Top")
    low = identity.groups.create_unit(SYSTEM, "Low", top)
    with pytest.raises(Conflict):
        identity.groups.update_unit(SYSTEM, top, "Top", low)


@pytest.mark.parametrize("field", ["unit", "manager"])
def test_a_place_that_does_not_exist_is_refused(identity, helena, field):
    with pytest.raises(NotFound):
        identity.people.update_user(SYSTEM, helena, {field: UUID(int=7)})


# --- what is left behind ----------------------------------------------------------------------------


def changes(database) -> list[str]:
    with database.read() as unit:
        return list(unit.execute(sa.select(CHANGE.c.operation).order_by(CHANGE.c.position)).scalars())


def test_every_change_leaves_a_row_and_bumps_the_stamp(identity, database):
    stamps = StampReader(database)
    before = stamps.read()
    user = identity.people.create_user(
        SYSTEM, email=EMAIL, name="Helena", password=PASSWORD, roles=["reader"]
    )
    identity.people.update_user(SYSTEM, user, {"name": "Helena Dias"})
    identity.people.assign_roles(SYSTEM, user, ["handler"])
    assert changes(database) == ["create", "set_password", "assign_roles", "update", "assign_roles"]
    assert stamps.read().rights == before.rights + 3

    cookie = signed_in(identity)
    token = identity.create_token(identity.resolve_session(cookie), "script")
    actor = identity.resolve_token(token)
    identity.revoke_token(actor, identity.list_tokens(actor)[0].id)
    identity.sign_out(cookie)
    assert changes(database)[5:] == ["sign_in", "create_token", "revoke_token", "sign_out"]
    assert stamps.read().sessions == before.sessions + 2


def test_the_change_log_says_what_was_there_before(identity, helena, database):
    identity.people.update_user(SYSTEM, helena, {"name": "Helena Dias"})
    with database.read() as unit:
        row = unit.execute(sa.select(CHANGE).order_by(CHANGE.c.position.desc()).limit(1)).mappings().one()
    assert (row["before"], row["after"]) == ({"name": "Helena"}, {"name": "Helena Dias"})
    assert (row["record"], row["version"], row["actor"], row["door"]) == (helena, 2, SYSTEM.id, "cli")


def test_the_word_against_forgery_belongs_to_one_session(identity, helena):
    first = identity.sign_in(EMAIL, PASSWORD)
    second = identity.sign_in(EMAIL, PASSWORD)
    assert identity.is_csrf(first.token, first.csrf)
    assert first.csrf == identity.csrf_of(first.token)
    for word in (second.csrf, "", "é", first.token):
        assert not identity.is_csrf(first.token, word)


def test_nobody_is_known_by_a_secret_that_was_never_given(identity, helena):
    for secret in ("", "x", "xrm_" + "0" * 64, "\ud800", "x" * 100_000):
        assert not resolves(identity, secret)
        assert not opens(identity, secret)


def test_work_in_somebodys_name_needs_somebody_who_may_act(identity, helena):
    assert identity.actor(helena, door="job").door == "job"
    identity.people.set_active(SYSTEM, helena, active=False)
    with pytest.raises(XrmError):
        identity.actor(helena, door="job")
    with pytest.raises(XrmError):
        identity.actor(UUID(int=9), door="job")


def test_a_costlier_setting_hashes_again_at_the_next_sign_in(identity, helena, database, world):
    costly = Identity(database, world, type(SETTINGS)(secret_key=SETTINGS.secret_key, password_memory=16))
    signed_in(costly)
    with database.read() as unit:
        assert "m=16," in unit.execute(sa.select(CREDENTIAL.c.password)).scalar_one()
    assert isinstance(identity.resolve_session(signed_in(identity)), Actor)


def test_guessing_the_present_password_counts_as_guessing_at_the_door(identity, helena):
    actor = identity.resolve_session(signed_in(identity))
    for _ in range(SETTINGS.limits.sign_in_attempts):
        with pytest.raises(Forbidden):
            identity.people.change_password(actor, "not the old one", "another horse battery")
    with pytest.raises(TooMany):
        identity.people.change_password(actor, PASSWORD, "another horse battery")
    with pytest.raises(TooMany):
        signed_in(identity)


def test_a_right_present_password_forgets_the_wrong_ones(identity, helena):
    actor = identity.resolve_session(signed_in(identity))
    for _ in range(SETTINGS.limits.sign_in_attempts - 1):
        with pytest.raises(Forbidden):
            identity.people.change_password(actor, "not the old one", "another horse battery")
    identity.people.change_password(actor, PASSWORD, "another horse battery")
    assert resolves(identity, identity.sign_in(EMAIL, "another horse battery").token)
