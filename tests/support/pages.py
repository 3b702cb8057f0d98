"""Pages as a browser without scripts reads them: what a form would post, and what each element says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

VOID = {"input", "meta", "link", "img", "br", "hr"}
_GIVEN = r"""((?:[^>"']|"[^"]*"|'[^']*')*)"""
_TAG = re.compile(
    rf"<!--.*?-->|<!doctype[^>]*>|</([a-z][^\s/>]*)\s*>|<(script|style){_GIVEN}>(.*?)</\2\s*>|<([a-z][^\s/>]*){_GIVEN}>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"""([^\s=/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")


@dataclass(slots=True, eq=False)
class Element:
    """An element with its attributes, all text in it, and the elements around it."""

    tag: str
    attributes: dict[str, str]
    around: tuple[Element, ...]
    told: list[str]
    begins: int
    ends: int | None = None

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    @property
    def text(self) -> str:
        """The text between its tags, with that of the elements in it."""
        return "".join(self.told[self.begins : self.ends])

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


def elements(html: str) -> list[Element]:
    """Every element of a page in the order of the page; what is no tag and no text fails the test.

    Thousands of pages are read, and the parser of the standard library took a tenth of the time of their tests.
    """
    found: list[Element] = []
    around: tuple[Element, ...] = ()
    told: list[str] = []
    at = 0
    for match in _TAG.finditer(html):
        _tell(told, html[at : match.start()])
        at = match.end()
        ended, raw, of_raw, content, name, given = match.groups()
        if ended:
            around = _closed(around, ended.lower(), len(told))
        elif name or raw:
            element = Element(
                (name or raw).lower(), _attributes(given or of_raw or ""), around, told, len(told)
            )
            found.append(element)
            told += [content] if content else []
            if raw or element.tag in VOID or given.endswith("/"):
                element.ends = len(told)
            else:
                around = (*around, element)
    _tell(told, html[at:])
    return found


def _attributes(given: str) -> dict[str, str]:
    found = _ATTRIBUTE.findall(given)
    return {name.lower(): unescape(quoted or single or bare) for name, quoted, single, bare in found}


def _tell(told: list[str], text: str) -> None:
    assert "<" not in text, f"This is no tag: {text[text.index('<') :][:80]}"
    if text:
        told.append(unescape(text))


def _closed(around: tuple[Element, ...], name: str, end: int) -> tuple[Element, ...]:
    while around:
        last, around = around[-1], around[:-1]
        last.ends = end
        if last.tag == name:
            break
    return around


def posted(page: str | list[Element], action: str = "") -> Posted:
    """What the form of the page, or of its elements, would post if it were sent as it stands, templates left out.

    With several forms, `action` says which one: its address without query, or with a slash at the end
    the beginning of it.
    """
    found = Posted()
    every = elements(page) if isinstance(page, str) else page
    everything = [e for e in every if e.within("template") is None and _is_in(e, action)]
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
