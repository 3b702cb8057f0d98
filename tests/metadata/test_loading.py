"""The whole way: all problems at once and no echoes, equal content and equal hash, fast with a cache."""

from __future__ import annotations

import gc
import random
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metadata.builders import ACCOUNT, CONTACT, CRM, NO_CORE, USES, a_pack, model_of, problems_of, said
from xrm.errors import MetadataInvalid, Problem
from xrm.metadata import Check, DocumentCache, Judged, PackSource, core_source, judge, load_model
from xrm.metadata.expressions import EXPRESSION_CODES
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.reading import Reader
from xrm.metadata.sources import Layer, read_source
from xrm.metadata.yaml_reader import compose


def test_all_problems_come_at_once_in_the_order_of_files_and_lines():
    files = {
        "entities/account.yaml": ACCOUNT.replace("phone}", "fone}").replace("money}", "money, x: 1}"),
        "entities/contact.yaml": CONTACT.replace("to: account", "to: acount"),
        "views/account.yaml": "all: {type: list, columns: [nam], filter: kind = 3}\n",
        "roles.yaml": "r: {grants: {g: {entity: account, can: [reed]}}}\n",
    }
    with pytest.raises(MetadataInvalid) as stop:
        load_model([NO_CORE, a_pack(files)])
    assert said(stop.value.problems) == [
        "p/entities/account.yaml:7:17 M117",
        "p/entities/account.yaml:8:26 M110",
        "p/entities/contact.yaml:7:17 M210",
        "p/roles.yaml:1:41 M113",
        "p/views/account.yaml:1:29 M211",
        "p/views/account.yaml:1:48 M200",
    ]


def test_what_another_pack_has_is_asked_for_by_requires():
    files = {"entities/contact.yaml": CONTACT.replace("to: account", "to: supplier")}
    (problem,) = problems_of(files)
    assert (problem.code, "names that pack under requires" in problem.hint) == ("M210", True)


def test_a_file_that_cannot_be_read_hides_no_other_problem_and_makes_none():
    files = {
        **CRM,
        "entities/account.yaml": "entity: account\nfields: {name: [\n",
        "views/account.yaml": "all: {type: list, columns: [name]}\n",
        "views/contact.yaml": "all: {type: list, columns: [name, account.phone, emial]}\n",
        "forms/account.yaml": "main: {rows: [[name]]}\n",
        "i18n/pt.yaml": "entities.account.label: Conta\n",
        "roles.yaml": "r: {grants: {g: {entity: account, can: [read], rows: own}}}\n",
        "seed/base.yaml": "records: [{ref: a, entity: account, values: {name: A}}]\n",
    }
    assert [p.code for p in problems_of(files)] == ["M101", "M211"]


def test_a_field_that_is_broken_is_not_missed_anywhere():
    files = {
        "entities/account.yaml": ACCOUNT.replace("{type: phone}", "{type: fone}").replace(
            "title: name", "title: phone"
        ),
        "entities/contact.yaml": CONTACT + "rules: {ok: {must: account.phone != empty}}\n",
        "views/account.yaml": "all: {type: list, columns: [phone], sort: [phone], filter: phone != empty}\n",
        "forms/account.yaml": "main: {rows: [[phone]]}\n",
        "roles.yaml": "r: {grants: {g: {entity: account, can: [read], fields: [phone]}}}\n",
        "i18n/pt.yaml": "entities.account.fields.phone.label: Telefone\n",
        "seed/base.yaml": "records: [{ref: a, entity: account, values: {phone: '1'}}]\n",
    }
    assert said(problems_of(files)) == ["p/entities/account.yaml:7:17 M117"]


# --- the same meaning, the same hash ------------------------------------------------------------------

LONG = {
    "entities/account.yaml": """
        fields:
            name: {search: true, required: true, type: text, unique: false, label: {en: Name}}
            kind:
                default: "business"
                type: 'choice'
                options:
                    business: {}
                    household:
                        label: {en: Household}
            phone: {type: phone}
            revenue: {"type": "money"}
            founded_on: {type: date}
        title: |-
            name
        entity: account   # what follows is a comment
        label: {en: Account}
        ownership: user_or_team
        """,
    "entities/contact.yaml": orjson.dumps(compose(CONTACT.encode(), "").raw).decode(),
}


def test_how_files_are_written_never_counts():
    assert model_of(LONG).fingerprint == model_of(CRM).fingerprint


CHANGES = [
    ("required: true, search", "search"),
    ("default: business", "default: household"),
    ("[business, household]", "[household, business]"),
    ("type: phone", "type: text"),
    ("user_or_team", "organization"),
    ("title: name", "title: name + kind"),
]


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_whatever_means_something_counts(old: str, new: str):
    changed = {
        **CRM,
        "entities/account.yaml": ACCOUNT.replace(old, new).replace("name + kind", "name + phone"),
    }
    assert model_of(changed).fingerprint != model_of(CRM).fingerprint


def test_the_hash_is_the_same_on_every_machine():
    files = {"entities/thing.yaml": "entity: thing\nfields: {name: {type: text}}\n"}
    assert model_of(files).fingerprint == model_of(files).fingerprint
    assert model_of(files).fingerprint.startswith("sha256:")


@given(st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_keys_never_counts_where_it_shows_nowhere(source: random.Random):
    shuffled = {path: _shuffled(text, source) for path, text in CRM.items()}
    views = {
        "views/account.yaml": "all: {type: list, columns: [name]}\n",
        "forms/account.yaml": "main: {rows: [name]}\n",
    }
    views |= {p.replace("account", "contact"): t for p, t in views.items()}
    assert model_of(shuffled | views).fingerprint == model_of(CRM | views).fingerprint


def _shuffled(text: str, source: random.Random) -> str:
    def mix(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            source.shuffle(keys)
            return {k: mix(value[k]) for k in keys}
        return value

    return yaml.safe_dump(mix(compose(text.encode(), "").raw), sort_keys=False)


# --- the cache ----------------------------------------------------------------------------------------


def test_a_cached_model_is_the_same_with_the_same_places(tmp_path: Path):
    sources = [
        core_source(),
        a_pack(
            {
                **CRM,
                "seed/base.yaml": """
                    records:
                      - {ref: a, entity: account, values: {revenue: {amount: 1.50, currency: EUR}}}
                    """,
            }
        ),
    ]
    cache = DocumentCache(tmp_path / "cache")
    fresh, first, second = (load_model(sources, cache=c) for c in (None, cache, cache))
    assert fresh.fingerprint == first.fingerprint == second.fingerprint
    assert [str(r) for r in fresh.references] == [str(r) for r in second.references]
    assert fresh.entities["account"].fields["name"].place == second.entities["account"].fields["name"].place


def test_what_was_read_is_the_same_for_the_next_whatever_was_made_of_it():
    changed = {
        "extend/account.yaml": """
            extend: account
            fields: {kind: {options: {add: {odd: {}}, remove: [lead]}}, name: {help: Who it is.}}
            views: {list: {columns: {add: [name]}}}
            """,
    }
    mine = PackSource("customisation", a_pack(changed).files, Layer.CUSTOMISATION)
    sources = [
        core_source(),
        a_pack(CRM),
        read_source(Path(__file__).parents[1] / "packs/fixtures/library"),
        mine,
    ]
    reader = Reader(builtin_registry())
    read = [reader.read(source) for source in sources]
    told = [repr(pack) for pack in read]
    for _ in range(2):
        judge(sources, reader=reader)
        judge(sources, reader=reader, whole=True)
    assert all(reader.read(source) is pack for source, pack in zip(sources, read, strict=True))
    assert [repr(pack) for pack in read] == told
    assert [repr(Reader(builtin_registry()).read(source)) for source in sources] == told


def test_documents_with_problems_are_not_kept(tmp_path: Path):
    cache, files = DocumentCache(tmp_path), {"entities/account.yaml": ACCOUNT.replace("phone}", "fone}")}
    for _ in range(2):
        assert [p.code for p in judge([NO_CORE, a_pack(files)], cache=cache).problems] == ["M117"]


def test_a_changed_file_replaces_its_entry(tmp_path: Path):
    cache = DocumentCache(tmp_path)
    for name in ("one", "two", "three"):
        files = {"entities/thing.yaml": f"entity: thing\nfields: {{{name}: {{type: text}}}}\n"}
        assert name in load_model([NO_CORE, a_pack(files)], cache=cache).entities["thing"].fields
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"digest": 1}', b"\xff\xfe"])
def test_a_damaged_entry_is_as_good_as_none(tmp_path: Path, garbage: bytes):
    cache = DocumentCache(tmp_path)
    load_model([NO_CORE, a_pack(CRM)], cache=cache)
    for entry in tmp_path.iterdir():
        entry.write_bytes(garbage)
    assert "account" in load_model([NO_CORE, a_pack(CRM)], cache=cache).entities


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert load_model([NO_CORE, a_pack(CRM)], cache=DocumentCache(tmp_path / "file" / "cache"))


def big_pack(entities: int) -> PackSource:
    """A pack of entities with 30 fields, relationships, rules and views."""
    kinds = ["text", "integer", "money", "date", "boolean", "datetime", "long_text", "email", "decimal"]
    files: dict[str, str] = {}
    for n in range(entities):
        fields = "".join(f"  f{i}: {{type: {kinds[i % 9]}, help: Some words of help}}\n" for i in range(30))
        files[f"entities/e{n}.yaml"] = (
            f"entity: e{n}\ntitle: f0\nownership: user_or_team\nfields:\n{fields}"
            f"relationships: {{next: {{to: e{(n + 1) % entities}}}}}\nrules: {{ok: f1 > 0}}\n"
        )
        files[f"views/e{n}.yaml"] = "all: {type: list, columns: [f0, f1, next], filter: owner == me}\n"
    return a_pack(files, "big")


@pytest.mark.proof
def test_two_hundred_entities_of_thirty_fields_load_warm_in_half_a_second(tmp_path: Path):
    assert _warm(big_pack(200), tmp_path) < 0.5


def test_twenty_entities_of_thirty_fields_load_warm_in_a_blink(tmp_path: Path):
    assert _warm(big_pack(20), tmp_path) < 0.3


def _warm(source: PackSource, folder: Path) -> float:
    """Seconds of processor time, the best of three, with documents cached."""
    cache = DocumentCache(folder)
    load_model([NO_CORE, source], cache=cache)
    times = []
    for _ in range(3):
        begun = time.process_time()
        load_model([NO_CORE, source], cache=cache)
        times.append(time.process_time() - begun)
    return min(times)


def test_loading_leaves_the_collector_as_it_was():
    assert gc.isenabled()
    load_model([NO_CORE, a_pack(CRM)])
    assert gc.isenabled()


# --- nothing raises -----------------------------------------------------------------------------------

JUNK = st.sampled_from(
    [None, True, 1, -5, "x", "", "a b(", "me", "account", [], {}, ["name"], {"name": 1}, {"add": ["x"]}]
)
NAMES = (
    "type",
    "to",
    "from",
    "owned",
    "many",
    "valid",
    "like",
    "abstract",
    "state",
    "options",
    "via",
    "default",
)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_only_problems_come_of_it(data: st.DataObject):
    files = dict(USES)
    for path in data.draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=3)):
        raw = compose(dedent(files[path]).encode(), path).raw
        _spoil(raw, data)
        files[path] = orjson.dumps(raw, default=str).decode()
    for problem in problems_of(files):
        assert problem.message
        assert problem.hint or problem.code in EXPRESSION_CODES
        assert problem.where.file


@pytest.mark.parametrize(
    ("path", "text", "codes"),
    [
        ("views/bell.yaml", "all: {type: true, columns: null}\n", ["M112", "M112"]),
        ("views/bell.yaml", "all: {type: nonsense, columns: [null]}\n", ["M117", "M112"]),
        (
            "extend/account.yaml",
            "extend: account\nfields: {age: {type: formula, options: 5}}\n",
            ["M111", "M110"],
        ),
        ("extend/account.yaml", "extend: account\nfields: {age: {type: [], options: 5}}\n", ["M112", "M112"]),
    ],
)
def test_what_has_no_type_is_still_looked_at(path: str, text: str, codes: list[str]):
    assert [p.code for p in problems_of({**USES, path: text})] == codes


def _spoil(raw: Any, data: st.DataObject) -> None:
    """Something in the value is gone, is something else, or is there too."""
    while isinstance(raw, dict | list) and raw:
        keys = list(raw) if isinstance(raw, dict) else list(range(len(raw)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(raw[key], dict | list) or not raw[key] or data.draw(st.integers(0, 2)) == 0:
            break
        raw = raw[key]
    else:
        return
    match data.draw(st.integers(0, 2)):
        case 0:
            raw[key] = data.draw(JUNK)
        case 1:
            del raw[key]
        case _ if isinstance(raw, dict):
            raw[data.draw(st.sampled_from(NAMES))] = data.draw(JUNK)


# --- checks from outside ------------------------------------------------------------------------------


def test_an_extension_adds_a_check():
    def every_entity_is_owned(judged: Judged) -> list[Problem]:
        return [
            Problem("X101", f"{e.name} has no owner.", "", e.place)
            for e in judged.model.tables
            if not e.is_owned
        ]

    check = Check("X101", "Every entity has an owner.", "ownership: none", every_entity_is_owned)
    problems = judge([NO_CORE, a_pack(CRM)], checks=[check]).problems
    assert said(problems) == ["p/entities/contact.yaml:1:9 X101"]
