"""What is said of values that wait for a job."""

from __future__ import annotations

from collections.abc import Iterable

from xrm.metadata.model import Entity
from xrm.ui.pages.visit import Visit


def told_pending(visit: Visit, entity: Entity, names: Iterable[str]) -> str:
    """The sentence that names the fields; none where there are none."""
    labels = [visit.text(entity.fields[n].label, n) for n in dict.fromkeys(names) if n in entity.fields]
    if not labels:
        return ""
    return visit.ui.t(
        "Not up to date yet, because a change concerns many records: {names}.", names=", ".join(labels)
    )
