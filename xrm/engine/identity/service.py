"""Identity: who somebody is, and what they hold. The one value that doors are given."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.engine.identity.attempts import Attempts
from xrm.engine.identity.groups import Groups
from xrm.engine.identity.keys import Keys
from xrm.engine.identity.links import PasswordLinks
from xrm.engine.identity.marks import Marks
from xrm.engine.identity.pace import Pace
from xrm.engine.identity.passwords import Passwords
from xrm.engine.identity.people import People
from xrm.engine.identity.resolve import Resolver, actor_of
from xrm.engine.identity.secrets import csrf_of, digest, digest_in, is_csrf, mark_of, person_marked, seal_of
from xrm.engine.identity.sessions import Session, Sessions
from xrm.engine.identity.sightings import Sightings
from xrm.engine.identity.tokens import NewToken, Token, Tokens
from xrm.engine.identity.work import Work
from xrm.engine.storage.database import Around, Database
from xrm.engine.storage.stamp import Stamp
from xrm.engine.world import World
from xrm.errors import NotFound, Problem
from xrm.settings import Settings


class Identity:
    """Sign-in, sessions, tokens, users, teams and units of one installation; safe between threads.

    `people`, `password_links` and `groups` change what others are; the rest, `marks` among it, is what a person
    does for themselves.
    """

    def __init__(self, database: Database, world: World, settings: Settings) -> None:
        work, passwords = Work(database, world), Passwords(settings.password_memory)
        limits = settings.limits
        attempts = Attempts(database, world, limits.sign_in_attempts)
        self._database, self._key = database, settings.secret_key
        self._sessions = Sessions(work, passwords, attempts, settings.secret_key, limits.session_hours)
        self._tokens = Tokens(work)
        self.sightings = Sightings(database, world)
        self.keys = Keys(database, world)
        self._resolver = Resolver(database, world, self.sightings)
        self._pace = Pace(world, limits.requests_per_minute)
        self.people = People(work, passwords, attempts)
        self.password_links = PasswordLinks(work, passwords)
        self.groups = Groups(work)
        self.marks = Marks(database, world)

    def sign_in(self, email: str, password: str, *, address: str = "", agent: str = "") -> Session:
        """A session begins; raises NotSignedIn or TooMany, alike for every account, known or not."""
        return self._sessions.sign_in(email, password, address=address, agent=agent)

    def sign_out(self, cookie: str) -> None:
        """The session is over in every process."""
        self._sessions.sign_out(cookie)

    def sign_out_everywhere(self, actor: Actor) -> None:
        """Every session of the actor is over."""
        self._sessions.end_all(actor)

    def end_session(self, actor: Actor, session: str) -> None:
        """The session that is told by this id is over; administrators may end any."""
        self._sessions.end(actor, digest_in(session))

    def end_sessions_of(self, actor: Actor, user: UUID) -> None:
        """Every session of the user is over; for administrators."""
        self._sessions.end_of(actor, user)

    def session_id(self, cookie: str) -> str:
        """By what the session of this cookie is told."""
        return digest(cookie).hex()

    def resolve_session(self, cookie: str, *, door: str = "page", stamp: Stamp | None = None) -> Actor:
        """Who the session belongs to; `stamp` is the freshness that this request has read already."""
        return self._resolver.session(cookie, door, stamp)

    def resolve_token(self, bearer: str, *, door: str = "api", stamp: Stamp | None = None) -> Actor:
        """Who the token belongs to; `stamp` is the freshness that this request has read already."""
        return self._resolver.token(bearer, door, stamp)

    def begin_request(self, actor: Actor) -> None:
        """One more request of the actor is counted; raises TooMany when they made too many in this minute."""
        self._pace.begin(actor)

    def csrf_of(self, cookie: str) -> str:
        """The word that pages of this session send back with every change."""
        return csrf_of(cookie, self._key)

    def is_csrf(self, cookie: str, given: str) -> bool:
        """Whether the word belongs to the session."""
        return is_csrf(given, cookie, self._key)

    def mark_of(self, user: UUID) -> str:
        """What a form says of whose it is; it proves nothing about who asks."""
        return mark_of(user, self._key)

    def person_marked(self, mark: str) -> UUID | None:
        """The user whose mark this is, if it was made here."""
        return person_marked(mark, self._key)

    def seal(self, user: UUID, what: str) -> str:
        """A word that goes with a text, so that nobody else can use the text."""
        return seal_of(user, f"seal:{what}", self._key)

    def is_seal(self, user: UUID, what: str, given: str) -> bool:
        """Whether the word was made for this user and text."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.seal(user, what).encode())

    def create_token(
        self, actor: Actor, name: str, roles: Iterable[str] | None = None, expires: datetime | None = None
    ) -> str:
        """An API token, shown this once."""
        return self.new_token(actor, name, roles, expires)[1]

    def new_token(
        self,
        actor: Actor,
        name: str,
        roles: Iterable[str] | None = None,
        expires: datetime | None = None,
        *,
        around: Around[NewToken] | None = None,
    ) -> NewToken:
        """An API token with what can be told of it later; the token itself is shown this once.

        `around` may write beside in the same transaction.
        """
        return self._tokens.create_token(actor, name, roles, expires, around)

    def revoke_token(self, actor: Actor, token: UUID) -> None:
        """The token opens nothing any more."""
        self._tokens.revoke_token(actor, token)

    def list_tokens(self, actor: Actor) -> list[Token]:
        """The actor's tokens, newest first."""
        return self._tokens.list_tokens(actor)

    def actor(self, user: UUID, *, door: str) -> Actor:
        """The user as an actor, for work done in their name; raises NotFound when they may not act."""
        with self._database.read() as unit:
            found = actor_of(unit, user, door)
        if found is None:
            raise NotFound(Problem("R104", "There is no such user who may act."))
        return found
