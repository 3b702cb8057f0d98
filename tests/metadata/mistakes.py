"""Single mistakes that can be made in a pack in which everything is right, alone or together.

A mistake replaces a text that stands once in its file by another one with as many lines, so that all else keeps
its line. `breaks` names what nobody can judge any more once it is made, and `about` what a mistake is judged by:
two mistakes are independent unless one is about what the other breaks, or both change the same words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tests.metadata.builders import NO_CORE, a_pack
from tests.metadata.right_pack import LOW, RIGHT
from xrm.errors import Problem
from xrm.metadata import PackSource, judge


@dataclass(frozen=True)
class Mistake:
    """One mistake: in `file`, `old` becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    breaks: frozenset[str] = frozenset()
    about: frozenset[str] = frozenset()

    def clashes_with(self, other: Mistake) -> bool:
        """Whether the two cannot be judged apart."""
        return bool(self.breaks & other.about or other.breaks & self.about) or (
            self.file == other.file and (self.old in other.old or other.old in self.old)
        )


def _m(name: str, file: str, old: str, new: str, breaks: str = "", about: str = "") -> Mistake:
    return Mistake(name, file, old, new, frozenset(breaks.split()), frozenset([file, *about.split()]))


_BELL, _VIEWS, _FORMS, _ROLES = "entities/bell.yaml", "views/bell.yaml", "forms/bell.yaml", "roles.yaml"
_LIFE, _SEED, _EXTEND, _PACK = "lifecycles/bell.yaml", "seed/base.yaml", "extend/firm.yaml", "pack.yaml"
_TOWER, _SETTINGS, _MOOD, _PT = "entities/tower.yaml", "settings.yaml", "options/mood.yaml", "i18n/pt.yaml"

MISTAKES = (
    # the manifest
    _m("pack: other name", _PACK, "pack: p", "pack: q", breaks="name of the pack"),
    _m("pack: bad version", _PACK, "version: 1.0.0", "version: one"),
    _m("pack: unknown key", _PACK, "license: MIT", "licence: MIT"),
    _m("pack: bad range", _PACK, 'low: ">=1.0"', 'low: ">>1.0"'),
    _m("pack: other version", _PACK, 'low: ">=1.0"', 'low: ">=7.0"'),
    _m("pack: bad optional range", _PACK, 'extra: ">=2.0"', 'extra: "~~2"'),
    _m("pack: label of wrong type", _PACK, "label: A pack", "label: 5"),
    # settings and option sets
    _m("setting: unknown key", _SETTINGS, "label: Days", "lable: Days"),
    _m("setting: wrong type word", _SETTINGS, "type: integer", "type: whole", breaks="days"),
    _m("setting: default of another type", _SETTINGS, "default: 5", "default: five", about="days"),
    _m("setting: default is no option", _SETTINGS, "default: fast", "default: quick"),
    _m("options: unknown colour", _MOOD, "color: green", "color: grene"),
    _m("options: unknown key", _MOOD, "color: red", "colour: red"),
    _m("options: label of wrong type", _MOOD, "label: Mood", "label: true"),
    # the entity as a whole
    _m("entity: other name", _BELL, "entity: bell", "entity: bel"),
    _m("entity: unknown key", _BELL, "plural: Bells", "plurals: Bells"),
    _m("entity: icon of wrong form", _BELL, "icon: bell", "icon: Bell.svg"),
    _m("entity: icon that nobody drew", _BELL, "icon: bell", "icon: bel"),
    _m("entity: ownership", _BELL, "ownership: user_or_team", "ownership: users"),
    _m("entity: like nothing", _BELL, "like: shape", "like: shap"),
    _m("entity: a word of a later version", _BELL, "icon: bell", "privacy: {retain: x}"),
    _m(
        "entity: title misspelt", _BELL, 'title: name + " " + code', 'title: name + " " + cod', breaks="title"
    ),
    _m("entity: title no expression", _BELL, 'title: name + " " + code', "title: name +", breaks="title"),
    # fields
    _m(
        "field: unknown type",
        _BELL,
        "code: {type: text, max_length: 10}",
        "code: {type: txt, max_length: 10}",
    ),
    _m("field: unknown key", _BELL, "help: What people call it.", "helps: What people call it."),
    _m(
        "field: flag in quotes",
        _BELL,
        "    required: true\n    max_length: 80",
        '    required: "true"\n    max_length: 80',
    ),
    _m("field: parameter of wrong type", _BELL, "max_length: 80", "max_length: many"),
    _m("field: condition on nothing", _BELL, 'required_when: tone == "low"', 'required_when: ton == "low"'),
    _m(
        "field: condition with another option",
        _BELL,
        'required_when: tone == "low"',
        'required_when: tone == "lo"',
    ),
    _m("field: unknown option set", _BELL, "options: mood", "options: moods"),
    _m("field: option's condition on nothing", _BELL, "hemp: {when: size > 2}", "hemp: {when: siz > 2}"),
    _m("field: condition of no option", _BELL, "{good: size > 1}", "{god: size > 1}"),
    _m("options: condition in a shared set", _MOOD, "color: green", "when: size > 1"),
    _m("field: default is no option", _BELL, "default: low", "default: lo"),
    _m("field: default of another type", _BELL, "default: 3", 'default: "true"'),
    _m("field: name with capitals", _BELL, "  hung_on: {type: date}", "  Hung_on: {type: date}"),
    _m("field: taken name", _BELL, "  price: {type: money}", "  owner: {type: money}"),
    _m("field: visible_when of wrong type", _BELL, "visible_when: size > 1", "visible_when: size + 1"),
    _m("field: default no function", _BELL, "default: today()", "default: todya()"),
    _m("field: read through nothing", _BELL, "from: firm.phone", "from: firm.fone"),
    _m("field: min of wrong type", _BELL, "min: 1", "min: one"),
    _m("field: sensitive of wrong type", _BELL, "sensitive: true", "sensitive: yes"),
    # relationships
    _m("relationship: to nothing", _BELL, "    to: tower", "    to: towr"),
    _m(
        "relationship: unknown key",
        _BELL,
        "required: true\n    inverse: bells",
        "requird: true\n    inverse: bells",
    ),
    _m("relationship: unknown on_delete", _BELL, "on_delete: restrict", "on_delete: keep"),
    _m("relationship: filter on nothing", _BELL, 'filter: kind == "big"', 'filter: kin == "big"'),
    _m("relationship: filter with another option", _BELL, 'filter: kind == "big"', 'filter: kind == "bg"'),
    _m("relationship: attribute of no type", _BELL, "        type: integer", "        type: intger"),
    _m("relationship: attribute unknown key", _BELL, "since: {type: date}", "since: {type: date, helpp: x}"),
    _m("relationship: many misspelt", _BELL, "many: true", "manny: true"),
    # members
    _m("key: unknown field", _BELL, "fields: [name, code]", "fields: [name, cod]"),
    _m("key: unknown key", _BELL, "message: There is one already.", "mesage: There is one already."),
    _m("key: span of one", _BELL, "no_overlap: [cast_on, hung_on]", "no_overlap: [cast_on]"),
    _m("key: span of nothing", _BELL, "no_overlap: [cast_on, hung_on]", "no_overlap: [cast_on, hungon]"),
    _m("rule: unknown name", _BELL, "must: size > 0", "must: siz > 0"),
    _m("rule: no expression", _BELL, "must: size > 0", "must: size >"),
    _m("rule: unknown field", _BELL, "field: size", "field: siz"),
    _m("rule: must misspelt", _BELL, "must: hung_on >= cast_on", "mst: hung_on >= cast_on"),
    _m("rule: when of another type", _BELL, "when: hung_on != empty", "when: hung_on > 5"),
    _m("rule: message of wrong type", _BELL, "message: Bells have a size.", "message: [a]"),
    _m("index: unknown name", _BELL, "- [name, code]", "- [name, cod]"),
    _m("index: the same twice", _BELL, "- [tone]", "- [tone, tone]"),
    _m("child: nothing", _TOWER, "from: floor", "from: flor"),
    _m("child: owned of wrong type", _TOWER, "owned: true", "owned: 1"),
    _m("tower: unknown type", _TOWER, "height: {type: decimal}", "height: {type: decimals}"),
    _m("child: all fields under another word", "entities/floor.yaml", "fields:", "feilds:"),
    _m("child: a key twice", "entities/floor.yaml", "title: name", "entity: name"),
    _m("shape: no map", "entities/shape.yaml", "remark: {type: text}", "remark: text"),
    _m("shape: abstract in another way", "entities/shape.yaml", "abstract: true", "abstract: yes"),
    _m(
        "field: half an expression",
        _BELL,
        "since: {type: date}",
        "since: {type: date, visible_when: in(code, x)}",
    ),
    # extensions
    _m("extend: nothing", _EXTEND, "extend: firm", "extend: farm"),
    _m(
        "extend: field that is there",
        _EXTEND,
        "founded_on: {type: date}",
        "phone: {type: date}",
        about="name of the pack",
    ),
    _m("extend: rule on nothing", _EXTEND, "must: motto != name", "must: moto != name"),
    _m("extend: view of nothing", _EXTEND, "columns: [name, motto]", "columns: [name, moto]"),
    _m("extend: view of unknown type", _EXTEND, "type: list", "type: lst"),
    _m("extend: form of nothing", _EXTEND, "- [name, motto]", "- [name, moto]"),
    # lifecycles
    _m("state: no initial", _LIFE, "initial: true", "initial: false"),
    _m("state: unknown colour", _LIFE, "color: blue", "color: bleu"),
    _m("state: unknown key", _LIFE, "    final: true", "    finale: true"),
    _m("transition: from nothing", _LIFE, "from: quiet", "from: quite"),
    _m("transition: to nothing", _LIFE, "to: broken", "to: brokn"),
    _m("transition: unknown role", _LIFE, "roles: [ringer]", "roles: [ringr]"),
    _m("transition: requires nothing", _LIFE, "requires: [tone]", "requires: [ton]"),
    _m("transition: guard on nothing", _LIFE, "guard: size > 0", "guard: siz > 0"),
    _m("transition: reason", _LIFE, "reason: required", "reason: must"),
    # views
    _m("view: unknown column in another view", _VIEWS, "[name, tone]", "[name, ton]"),
    _m("view: unknown key", _VIEWS, "label: All bells", "lable: All bells"),
    _m("view: unknown column", _VIEWS, "- code", "- cod"),
    _m("view: path to nothing", _VIEWS, "- firm.name", "- firm.nme"),
    _m("view: sort by nothing", _VIEWS, "sort: [name]", "sort: [nme]"),
    _m("view: filter on nothing", _VIEWS, "filter: size > 0", "filter: siz > 0"),
    _m("view: sorted by what has no order", _VIEWS, "sort: [-cast_on]", "sort: [secret_note]"),
    # forms
    _m("form: unknown name", _FORMS, "- [name, code]", "- [name, cod]"),
    _m("form: unknown name in another section", _FORMS, "- [firm, tower]", "- [firm, towr]"),
    _m("form: condition on nothing", _FORMS, "visible_when: size > 2", "visible_when: siz > 2"),
    _m("form: unknown key", _FORMS, "label: One", "lable: One"),
    _m("form: row of wrong type", _FORMS, "- [size, hung_on]", "- [size, 5]"),
    # roles
    _m("grant: unknown operation", _ROLES, "can: [create, read, update]", "can: [create, read, updat]"),
    _m("grant: rows on nothing", _ROLES, 'rows: tone == "low"', 'rows: ton == "low"'),
    _m("grant: unknown field", _ROLES, "fields: [name, code, tone]", "fields: [name, code, ton]"),
    _m("grant: hides the title", _ROLES, "fields: [name, code, tone]", "fields: [name, tone]", about="title"),
    _m("grant: the title misspelt", _ROLES, "fields: [name, code, tone]", "fields: [name, cod, tone]"),
    _m("grant: on nothing", _ROLES, "entity: firm", "entity: frm"),
    _m("grant: unknown level", _ROLES, "rows: own", "rows: mine"),
    _m("grant: one of two unknown", _ROLES, "entity: [tower, floor]", "entity: [tower, flor]"),
    _m("grant: excepts nothing", _ROLES, "fields: {except: [height]}", "fields: {except: [heigt]}"),
    _m("grant: unknown key", _ROLES, "label: Ringer", "lable: Ringer"),
    _m("role: portal of nothing", _ROLES, "portal: tower", "portal: towr"),
    # seeds and translations
    _m("seed: unknown field", _SEED, "      name: North", "      nme: North"),
    _m("seed: value of another type", _SEED, "height: 12.5", "height: tall"),
    _m("seed: number of another type", _SEED, "      size: 3", "      size: three"),
    _m("seed: no option", _SEED, "tone: low", "tone: lo"),
    _m("seed: no date", _SEED, "cast_on: 2020-01-31", "cast_on: 2020-13-31"),
    _m("seed: unknown step", _SEED, "steps: [ring]", "steps: [rng]"),
    _m("seed: step from elsewhere", _SEED, "steps: [ring]", "steps: [ring, ring]"),
    _m("seed: ref to nothing", _SEED, "tower: {ref: north}", "tower: {ref: nord}"),
    _m("seed: entity that is not there", _SEED, "entity: firm", "entity: frm"),
    _m("seed: ref misspelt", _SEED, "- ref: acme", "- reff: acme"),
    _m("seed: unknown role", _SEED, "roles: [ringer]", "roles: [ringr]"),
    _m("seed: unknown key of people", _SEED, "email: ana@example.org", "mail: ana@example.org"),
    _m("i18n: nothing", _PT, "entities.bell.fields.name.label: Nome", "entities.bell.fields.nme.label: Nome"),
    _m("i18n: no text", _PT, "views.bell.all.label: Todos", "views.bell.all.label: 5"),
    _m("i18n: unknown role", _PT, "roles.ringer.label: Sineiro", "roles.ringr.label: Sineiro"),
)


def with_mistakes(mistakes: Iterable[Mistake]) -> list[PackSource]:
    """The packs with these mistakes made."""
    files = dict(RIGHT)
    for mistake in mistakes:
        assert RIGHT[mistake.file].count(mistake.old) == 1, f"{mistake.name}: the text stands not once"
        assert mistake.old.count("\n") == mistake.new.count("\n"), mistake.name
        files[mistake.file] = files[mistake.file].replace(mistake.old, mistake.new)
    return [NO_CORE, a_pack(LOW, "low"), replace(a_pack(files), folder="p")]


Found = tuple[str, str, int, str]


def found_in(mistakes: Iterable[Mistake]) -> set[Found]:
    """Every problem of the packs with these mistakes, without its column."""
    return {_without_column(p) for p in judge(with_mistakes(mistakes)).problems}


def _without_column(problem: Problem) -> Found:
    return problem.code, problem.where.file, problem.where.line, problem.message
