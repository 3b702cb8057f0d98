"""What grants let people do, in words."""

from __future__ import annotations

from xrm.ui.pages.visit import Visit

PUBLISH = "publish"  # is about lists, and no record


def operations(visit: Visit) -> dict[str, str]:
    """Every operation by name."""
    t = visit.ui.t
    return {
        "create": t("create"),
        "read": t("read"),
        "update": t("change"),
        "delete": t("delete"),
        "transition": t("take steps"),
        "assign": t("give to others"),
        "share": t("share"),
        "export": t("export"),
        "import": t("import"),
        PUBLISH: t("save views for others"),
    }
