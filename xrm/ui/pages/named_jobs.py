"""What jobs are called: in the language of whoever looks, where the kind is one of the engine's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xrm.engine.jobs import Job
from xrm.engine.packs.sample import ADD, REMOVE
from xrm.engine.runtime.following_up import FOLLOW
from xrm.engine.runtime.purging import PURGE
from xrm.engine.runtime.revaluing import REVALUE
from xrm.engine.runtime.sweeping import SWEEP
from xrm.engine.transfer.bulk import BULK
from xrm.engine.transfer.exporter import EXPORT
from xrm.engine.transfer.importer import IMPORT
from xrm.ui.pages.visit import Visit


def job_name(visit: Visit, job: Job) -> str:
    """What the job does; of a kind that has no words here, what it was called when it was started."""
    entity = visit.model.entities.get(str(job.params.get("entity", "")))
    plural = visit.plural(entity) if entity else ""
    about = _about_records(visit, job.kind, plural.lower(), job) if plural else ""
    named = about or _kinds(visit.ui.t).get(job.kind) or job.label or job.kind.replace("_", " ").capitalize()
    return f"{named}: {plural}" if plural and not about and plural not in named else named


def _kinds(t: Callable[[str], str]) -> Mapping[str, str]:
    return {
        FOLLOW: t("Find values that follow from a change"),
        SWEEP: t("Remove files that nothing uses"),
        PURGE: t("Destroy what was removed long ago"),
        ADD: t("Add sample data"),
        REMOVE: t("Remove sample data"),
        BULK: t("Change many records"),
    }


def _about_records(visit: Visit, kind: str, plural: str, job: Job) -> str:
    t = visit.ui.t
    return {
        IMPORT: t("Import {plural}", plural=job.params.get("name") or plural),
        EXPORT: t("Export {plural}", plural=plural),
        REVALUE: t("Revalue {plural}", plural=plural),
    }.get(kind, "")
