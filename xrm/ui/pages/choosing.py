"""The records that somebody has ticked in a list."""

from __future__ import annotations

from uuid import UUID

from xrm.errors import Problem, TooLarge
from xrm.ui.pages.visit import Visit, record_id


def given_ids(visit: Visit) -> tuple[UUID, ...]:
    """The ids that were posted, each once; raises TooLarge for more than may be changed at once."""
    texts = [text for text in visit.form.get("ids", "").split(",") if text]
    if len(texts) > visit.runtime.settings.limits.bulk_records:
        raise too_many(visit)
    return tuple(dict.fromkeys(record_id(text) for text in texts))


def too_many(visit: Visit) -> TooLarge:
    """The refusal of more records than may be chosen."""
    most = visit.runtime.settings.limits.bulk_records
    message = visit.ui.t("At most {most} records are changed at once.", most=visit.ui.number(most))
    problem = Problem("L139", message, visit.ui.t("Narrow the list."))
    return TooLarge(problem, facts={"limit": "bulk_records"})
