"""Pages as a browser without scripts reads them: what a form would post, and what each element says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"input", "meta", "link", "img", "br", "hr"}


@dataclass(slots=True)
class Element:
    """An element with its attributes, its own text, and the elements around it."""

    tag: str
    attributes: dict[str, str]
    around: tuple[Element, ...] = ()
    text: str = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    def has(self, name: str) -> bool:
        """Whether the attribute is there at all."""
        return name in self.attributes

    def within(self, tag: str) -> Element | None:
        """The nearest element of that tag around this one."""
        return next((e for e in reversed(self.around) if e.tag == tag), None)


@dataclass(slots=True)
class Posted:
    """What a form sends: names with their values in order."""

    pairs: list[tuple[str, str]] = field(default_factory=list)

    def getlist(self, key: str, /) -> list[str]:
        """Every value under a name."""
        return [value for name, value in self.pairs if name == key]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self.pairs))

    def without(self, key: str) -> Posted:
        """The same without a name."""
        return Posted([pair for pair in self.pairs if pair[0] != key])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def elements(html: str) -> list[Element]:
    """Every element of a page in the order of the page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.elements


def posted(html: str, action: str = "") -> Posted:
    """What the form in `html` would post if it were sent as it stands, templates left out.

    With several forms, `action` says which one: its address without query, or with a slash at the end
    the beginning of it.
    """
    found = Posted()
    everything = [e for e in elements(html) if e.within("template") is None and _is_in(e, action)]
    for element in everything:
        if element["name"] and element.tag in ("input", "textarea", "select"):
            found.pairs.extend((element["name"], value) for value in _values(element, everything))
    return found


def _is_in(element: Element, action: str) -> bool:
    form = element.within("form")
    return not action or (form is not None and leads_to(form, action))


def leads_to(form: Element, action: str) -> bool:
    """Whether a form posts to that address."""
    address = form["action"].partition("?")[0]
    return address.startswith(action) if action.endswith("/") else address == action


def _values(element: Element, everything: list[Element]) -> list[str]:
    if element.tag == "textarea":
        return [element.text.removeprefix("\n").replace("\n", "\r\n")]
    if element.tag == "select":
        return _chosen(element, everything)
    if element["type"] in ("checkbox", "radio"):
        return [element["value"]] if element.has("checked") else []
    return [] if element["type"] == "file" else [element["value"]]


def _chosen(select: Element, everything: list[Element]) -> list[str]:
    options = [e for e in everything if e.tag == "option" and any(a is select for a in e.around)]
    values = [e["value"] if e.has("value") else e.text for e in options]
    picked = [value for e, value in zip(options, values, strict=True) if e.has("selected")]
    return picked if picked or select.has("multiple") else values[:1]
