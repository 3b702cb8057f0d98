"""What somebody sat at when they signed in: the browser and system that a browser says of itself."""

from __future__ import annotations

from xrm.ui.formatting import Reader

# Browsers name those that they came from as well, so the youngest name counts.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
LONGEST = 60


def device(ui: Reader, agent: str) -> str:
    """Browser and system in words; what names neither is shown as it is, and nothing is unknown."""
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return ui.t("{browser} on {system}", browser=browser, system=system)
    return browser or system or agent[:LONGEST] or ui.t("unknown")
