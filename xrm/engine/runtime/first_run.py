"""The first run: whoever holds the key that the server told names the organisation and its administrator.

The key follows from the installation and its secret, so every process knows it and nothing has to be kept. It
opens nothing any more once somebody can sign in.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity import Identity
from xrm.engine.identity.passwords import check_password
from xrm.engine.identity.people import checked_email, somebody_signs_in
from xrm.engine.identity.work import checked_name, demand_administrator
from xrm.engine.packs import PackService, ensure_installer
from xrm.engine.runtime.first_steps import FirstSteps, first_steps
from xrm.engine.runtime.organisation import write_organisation
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import INSTALLATION
from xrm.engine.world import World
from xrm.errors import Conflict, Forbidden, Invalid, MetadataInvalid, Place, Problem, Problems
from xrm.metadata.definitions import Definitions
from xrm.metadata.finding import pack_folders, pack_source, with_requirements
from xrm.metadata.model import Label, Model, Pack
from xrm.metadata.sources import PackSource, core_source
from xrm.settings import Settings, pack_folders_of

CORE = "core"
KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class PackOffer:
    """A pack that can be chosen: what it is, what it needs, and how many entities it brings."""

    name: str
    label: Label
    summary: Label
    requires: tuple[str, ...]
    entities: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody says in the first run. The password is told to nobody again."""

    organisation: str
    name: str
    email: str
    password: str = field(repr=False)
    language: str = "en"
    zone: str = "UTC"
    packs: tuple[str, ...] = ()


class FirstRun:
    """The beginning of one installation."""

    def __init__(
        self,
        database: Database,
        world: World,
        settings: Settings,
        identity: Identity,
        packs: PackService,
        definitions: Definitions,
    ) -> None:
        self._database, self._world, self._settings = database, world, settings
        self._identity, self._packs, self._definitions = identity, packs, definitions

    @property
    def is_open(self) -> bool:
        """Whether nobody can sign in yet."""
        with self._database.read() as unit:
            return not somebody_signs_in(unit)

    @property
    def key(self) -> str:
        """What the server tells whoever started it, and nobody else can work out."""
        with self._database.read() as unit:
            installation: UUID = unit.execute(sa.select(INSTALLATION.c.uuid)).scalar_one()
        secret = self._settings.secret_key.encode()
        return hmac.new(secret, b"first run:" + installation.bytes, hashlib.sha256).hexdigest()[:KEY_LENGTH]

    def demand_key(self, given: str) -> None:
        """Whoever gave this may set the installation up; raises Forbidden, or Conflict when it is set up."""
        if not self.is_open:
            raise _is_set_up()
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.key.encode()):
            hint = "Open the address that xrm serve printed when it started."
            raise Forbidden(Problem("P123", "The key of the first run is missing or wrong.", hint))

    def prepare(self) -> None:
        """The core is installed, so that pages can be served before any pack is chosen."""
        if not self._packs.list():
            self._packs.apply(self._installer)

    def offers(self) -> tuple[PackOffer, ...]:
        """The packs at hand that can be installed, those that others need before the others."""
        names = tuple(self._at_hand())
        try:
            return self._offers_of(names)
        except MetadataInvalid:  # a pack of one's own is being written; the others are as good as ever
            found = {offer.name: offer for name in names for offer in self._offered_alone(name)}
            return tuple(found.values())

    def finish(self, given: str, answers: Answers) -> UUID:
        """The chosen packs are installed and the administrator can sign in; gives who that is.

        Raises Invalid with all problems of the answers, MetadataInvalid for a pack that cannot be installed,
        Forbidden for a wrong key, and Conflict when somebody else was quicker.
        """
        self.demand_key(given)
        self._check(answers)
        if answers.packs:
            self._packs.install(self._sources(answers.packs), self._installer)
        return self._identity.people.create_user(
            self._installer,
            email=answers.email,
            name=answers.name,
            password=answers.password,
            roles=[ADMINISTRATOR],
            language=answers.language,
            zone=answers.zone,
            check=lambda unit: _begin(unit, checked_name(answers.organisation)),
        )

    def steps(self) -> FirstSteps:
        """What has been done here since."""
        installer = self._installer.id
        with self._database.read() as unit:
            return first_steps(unit, installer)

    def rename(self, actor: Actor, organisation: str) -> None:
        """The organisation has this name on every page; raises Forbidden for all but administrators, or Invalid."""
        demand_administrator(actor)
        with self._database.write() as unit:
            write_organisation(unit, name=checked_name(organisation))

    def guide(self, actor: Actor, *, is_guided: bool) -> None:
        """Administrators are shown the first steps, or are not any more."""
        demand_administrator(actor)
        with self._database.write() as unit:
            write_organisation(unit, is_guided=is_guided)

    @property
    def _installer(self) -> Actor:
        return ensure_installer(self._database, self._world)

    def _at_hand(self) -> Mapping[str, Path]:
        return pack_folders(pack_folders_of(self._settings))

    def _offered_alone(self, name: str) -> tuple[PackOffer, ...]:
        try:
            return self._offers_of([name])
        except MetadataInvalid:
            return ()

    def _offers_of(self, names: Iterable[str]) -> tuple[PackOffer, ...]:
        """These packs and those that they require, as they would be installed."""
        at_hand, folders = self._at_hand(), pack_folders_of(self._settings)
        sources = [pack_source(at_hand[name]) for name in names]
        chosen = with_requirements(sources, {CORE}, folders, self._definitions)
        model = self._definitions.resolve([core_source(), *chosen])
        return tuple(_offer(model, pack) for pack in model.packs.values() if pack.name != CORE)

    def _sources(self, names: Iterable[str]) -> tuple[PackSource, ...]:
        at_hand, folders = self._at_hand(), pack_folders_of(self._settings)
        sources = [pack_source(at_hand[name]) for name in names]
        present = {layer.name for layer in self._packs.list()}
        return with_requirements(sources, {CORE, *present}, folders, self._definitions)

    def _check(self, answers: Answers) -> None:
        """Every answer can be used; raises Invalid with all that cannot."""
        problems = Problems()
        checks: tuple[tuple[str, Callable[[], object]], ...] = (
            ("organisation", lambda: checked_name(answers.organisation)),
            ("name", lambda: checked_name(answers.name)),
            ("email", lambda: checked_email(answers.email)),
            ("password", lambda: check_password(answers.password, answers.email, answers.name)),
        )
        for path, check in checks:
            with _gathered(problems, path):
                check()
        for name in sorted(set(answers.packs) - set(self._at_hand())):
            message = f"There is no pack {name!r} at hand."
            problems.add("P124", message, "Choose one that is offered.", Place(path="packs"))
        if problems:
            raise Invalid(problems.found)


@contextmanager
def _gathered(problems: Problems, path: str) -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        problems.extend(problem.at(Place(path=path)) for problem in error.problems)


def _begin(unit: UnitOfWork, organisation: str) -> None:
    """Nobody was quicker, and the organisation has its name; raises Conflict."""
    if somebody_signs_in(unit):
        raise _is_set_up()
    write_organisation(unit, name=organisation, is_guided=True)


def _is_set_up() -> Conflict:
    return Conflict(Problem("P122", "xrm is set up already.", "Sign in."))


def _offer(model: Model, pack: Pack) -> PackOffer:
    entities = sum(entity.pack == pack.name and not entity.abstract for entity in model.entities.values())
    requires = tuple(name for name in pack.requires if name != CORE)
    return PackOffer(pack.name, pack.label, pack.summary, requires, entities)
