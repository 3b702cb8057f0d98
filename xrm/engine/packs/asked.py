"""The customisation as programs read, plan and change it from outside, by its documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xrm.engine.commands import Actor
from xrm.engine.identity.work import DEFINE, demand_administrator
from xrm.engine.packs.proposal import Proposal
from xrm.engine.packs.revision import Answers, Revision, laying
from xrm.engine.packs.service import Installed, PackService
from xrm.engine.storage.database import Around
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.metadata.defining import Documents, documents_of


@dataclass(frozen=True, slots=True)
class Asked:
    """Documents of the customisation, with what is decided and answered; a mirror has no others."""

    documents: Documents
    is_mirror: bool = False
    decisions: Mapping[str, str] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)

    def revision(self, confirmed: str = "") -> Revision:
        """What it comes to."""
        edit = laying(from_documents(self.documents), mirror=self.is_mirror)
        return Revision(edit=edit, answers=self.answers, decisions=self.decisions, confirmed=confirmed)


@dataclass(frozen=True, slots=True)
class InForce:
    """The documents of the customisation, and the number of the version that they are of."""

    documents: Documents
    version: int


def in_force(packs: PackService, actor: Actor) -> InForce:
    """What the organisation says now; raises Forbidden."""
    demand_administrator(actor, DEFINE)
    versions = packs.versions()
    return InForce(documents_of(packs.source(CUSTOMISATION)), versions[0].number if versions else 0)


def foreseen(packs: PackService, actor: Actor, asked: Asked) -> Proposal:
    """What that would come to; raises Forbidden, and as `PackService.foresee` does."""
    demand_administrator(actor, DEFINE)
    return packs.foresee(asked.revision())


def applied(
    packs: PackService, actor: Actor, asked: Asked, mark: str, around: Around[Installed] | None = None
) -> Installed:
    """It is so, for every process; raises Forbidden, and PlanRefused where that mark is of another proposal."""
    return packs.revise(asked.revision(mark), actor, around=around)
