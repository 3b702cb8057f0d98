"""explain, doctor and reference: answers about an installation and about the language."""

import json

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from xrm.cli.reference import TOPICS
from xrm.engine.views import ALL, Asked, Wanted
from xrm.testing import a_pack, admin_actor


def test_a_field_is_explained_from_its_file_to_its_column(installation, said):
    facts = said("explain", "deal.amount")
    assert (facts["pack"], facts["type"], facts["control"]) == ("sales", "money", "money")
    assert facts["defined"].startswith("sales/entities/deal.yaml:")
    assert "sales__deal.amount__currency" in facts["columns"]
    assert facts["rights"]["read"] == ["system_admin"]


def test_a_computed_field_tells_what_it_follows_from_and_that_nobody_writes_it(sqlite_url, tmp_path, said):
    fields = "{name: {type: text}, size: {type: integer}, twice: {type: formula, formula: size * 2}}"
    make_runtime(sqlite_url, tmp_path, [a_pack("shop", box=f"title: name\nfields: {fields}\n")]).close()
    facts = said("explain", "box.twice")
    assert facts["follows from"] == ["box.size"]
    assert facts["rights"] == {"read": ["system_admin"]}
    assert "follows from" not in said("explain", "box.size")


def test_a_field_tells_which_saved_views_use_it(installation, said):
    asked = Asked(filter="amount > 100")
    installation.current().views.create(admin_actor(installation), "deal", Wanted("Big", asked, ALL))
    assert 'saved view "Big": deal' in said("explain", "deal.amount")["used by"]
    assert 'saved view "Big": deal' not in said("explain", "deal.name")["used by"]


def test_where_used_tells_every_place_and_the_saved_views(installation, said, xrm):
    asked = Asked(filter="amount > 100")
    installation.current().views.create(admin_actor(installation), "deal", Wanted("Huge", asked, ALL))
    told = said("explain", "deal.amount", "--where-used")
    assert told["name"] == "deal.amount"
    assert 'saved view "Huge": deal' in told["saved_views"]
    lines = xrm("explain", "deal", "--where-used").stdout.splitlines()
    assert lines[-1].startswith("deal: ")
    assert lines[-2] == 'saved view "Huge": deal'
    assert all(line.startswith("sales/") and ".yaml:" in line for line in lines[:-2])
    assert xrm("explain", "role:nobody", "--where-used").exit_code == 1


def test_an_entity_is_explained_with_its_table_and_address(installation, xrm):
    told = xrm("explain", "deal").stdout
    assert "sales__deal" in told
    assert "/api/v1/records/deal" in told


def test_a_relationship_is_explained_like_a_field(installation, said):
    facts = said("explain", "connection.record_a")
    assert facts["type"] == "lookup of any entity"
    assert len(facts["columns"]) == 2


@pytest.mark.parametrize(
    ("name", "near"), [("deel", "deal"), ("deal.amont", "deal.amount")], ids=["entity", "field"]
)
def test_an_unknown_name_is_answered_with_a_near_one(installation, xrm, name, near):
    result = xrm("explain", name)
    assert result.exit_code == 1
    assert f"Did you mean {near}" in result.stderr


def test_the_doctor_is_content_with_a_sound_installation(installation, xrm):
    admin_actor(installation)
    result = xrm("doctor")
    assert result.exit_code == 0, result.output
    assert "BAD" not in result.stdout


def test_the_doctor_says_what_helps(installation, xrm):
    result = xrm("doctor", "--json")
    ill = [finding for finding in json.loads(result.stdout) if not finding["well"]]
    assert result.exit_code == 1
    assert [(finding["name"], "xrm user add" in finding["remedy"]) for finding in ill] == [
        ("administrator", True)
    ]


def test_the_doctor_examines_a_folder_where_nothing_is(xrm, data):
    result = xrm("doctor")
    assert result.exit_code == 1
    assert "xrm init" in result.stdout
    assert not data.exists()


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_of_the_reference_is_printed(xrm, topic):
    result = xrm("reference", topic)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 5


def test_the_list_of_topics_is_complete(xrm):
    assert all(topic in xrm("reference").stdout for topic in TOPICS)


def test_editors_get_the_schema_of_every_kind_of_document(said):
    schemas = said("reference", "documents")
    assert {"pack", "entity", "role", "view", "form", "lifecycle", "seed"} <= schemas.keys()
    assert schemas["entity"]["type"] == "object"


VERBS_OF_AN_INSTALLATION = [
    ("user", "list"),
    ("token", "list", "ana@example.com"),
    ("pack", "list"),
    ("plan",),
    ("apply",),
    ("explain", "account"),
    ("work",),
]


@pytest.mark.parametrize("words", VERBS_OF_AN_INSTALLATION, ids=" ".join)
def test_where_there_is_no_installation_a_verb_says_so_and_makes_nothing(xrm, data, tmp_path, words):
    result = xrm(*words, XRM_SECRET_KEY="", XRM_DATABASE_URL="")
    assert result.exit_code == 1
    assert f"There is no installation in {data}." in result.stderr
    assert "xrm init" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_which_nothing_was_installed_is_no_installation(xrm, tmp_path, database_url):
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    engine.connect().close()
    result = xrm("user", "list", XRM_DATABASE_URL=database_url.replace("+psycopg", ""))
    assert result.exit_code == 1
    assert "There is no installation in" in result.stderr
    assert sa.inspect(engine).get_table_names() == []
