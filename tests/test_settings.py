"""Settings: defaults for a newcomer, every mistake at once for an operator, and no secret that is not one."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xrm.settings import (
    Limits,
    Settings,
    SettingsInvalid,
    limit_table,
    load_settings,
    shipped_folders,
    with_secret_key,
)

GOOD_KEY = "q8Zr2vNfT0yLxw7KcB4mJ1hPdG6sUe9A"


def _problems(environ: dict[str, str], folder: Path) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as raised:
        load_settings(environ, folder)
    return {problem.where.path: problem.code for problem in raised.value.problems}


def test_with_nothing_set_everything_lies_in_a_folder_of_its_own(tmp_path):
    settings = load_settings({}, tmp_path)
    assert settings.data == tmp_path / ".xrm-data"
    assert settings.database_url == f"sqlite:///{tmp_path}/.xrm-data/xrm.db"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.limits == Limits()
    assert list(tmp_path.iterdir()) == []


def test_the_environment_wins_over_the_file(tmp_path):
    (tmp_path / "xrm.toml").write_text('port = 9000\nhost = "0.0.0.0"\n')
    settings = load_settings({"XRM_PORT": "9100"}, tmp_path)
    assert (settings.host, settings.port) == ("0.0.0.0", 9100)


def test_the_file_can_lie_elsewhere_and_its_paths_are_its_own(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "our.toml").write_text('data = "store"\npacks = ["more"]\n')
    settings = load_settings({"XRM_CONFIG": "etc/our.toml"}, tmp_path)
    assert settings.data == tmp_path / "etc" / "store"
    assert settings.packs == (tmp_path / "etc" / "more",)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("sqlite:////data/a.db", "sqlite:////data/a.db"),
    ],
    ids=["short", "plain", "file"],
)
def test_a_database_address_is_kept_in_one_form(tmp_path, given, kept):
    assert load_settings({"XRM_DATABASE_URL": given}, tmp_path).database_url == kept


def test_a_relative_sqlite_file_is_found_from_the_working_folder(tmp_path):
    settings = load_settings({"XRM_DATABASE_URL": "sqlite:///a.db"}, tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/a.db"


def test_limits_are_set_by_name(tmp_path):
    (tmp_path / "xrm.toml").write_text("[limits]\npage_rows = 200\n")
    limits = load_settings({"XRM_LIMIT_SORT_TERMS": "30"}, tmp_path).limits
    assert (limits.page_rows, limits.sort_terms, limits.batch_commands) == (
        200,
        30,
        Limits().batch_commands,
    )


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("XRM_PORT", "eighty", "C103"),
        ("XRM_PORT", "70000", "C103"),
        ("XRM_BASE_URL", "example.org", "C103"),
        ("XRM_BASE_URL", "https://example.org/path", "C103"),
        ("XRM_DATABASE_URL", "mysql://h/d", "C103"),
        ("XRM_DATABASE_URL", "sqlite://", "C103"),
        ("XRM_LOG_LEVEL", "loud", "C103"),
        ("XRM_TRUSTED_PROXIES", "10.0.0.300", "C103"),
        ("XRM_SECRET_KEY", "short", "C104"),
        ("XRM_SECRET_KEY", "a" * 64, "C104"),
        ("XRM_SECRET_KEY", "please-changeme-0123456789-abcdefghij", "C104"),
        ("XRM_PROT", "8000", "C102"),
        ("XRM_LIMIT_PAGE_ROWS", "0", "C103"),
        ("XRM_LIMIT_IMPORT_COLUMNS", "5001", "C103"),
        ("XRM_LIMIT_PAGE_ROW", "10", "C102"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, name, value, code):
    assert _problems({name: value}, tmp_path) == {name: code}


def test_every_mistake_is_reported_at_once(tmp_path):
    (tmp_path / "xrm.toml").write_text('prot = 1\nworkers = "many"\n')
    found = _problems({"XRM_PORT": "x", "XRM_LIMIT_PAGE_ROWS": "-1"}, tmp_path)
    assert found == {"prot": "C102", "workers": "C103", "XRM_PORT": "C103", "XRM_LIMIT_PAGE_ROWS": "C103"}


def test_a_near_name_is_offered(tmp_path):
    with pytest.raises(SettingsInvalid) as raised:
        load_settings({"XRM_PROT": "1"}, tmp_path)
    assert raised.value.first.hint == "Did you mean port?"


@pytest.mark.parametrize("text", ["port = ", "\xff", "port = 1\nport = 2"], ids=["broken", "bytes", "twice"])
def test_a_file_that_is_no_toml_is_refused(tmp_path, text):
    (tmp_path / "xrm.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsInvalid) as raised:
        load_settings({}, tmp_path)
    assert [problem.code for problem in raised.value.problems] == ["C101"]


def test_a_named_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(SettingsInvalid, match="C101"):
        load_settings({"XRM_CONFIG": "nowhere.toml"}, tmp_path)


def test_secrets_are_not_shown_with_the_settings(tmp_path):
    environ = {"XRM_SECRET_KEY": GOOD_KEY, "XRM_DATABASE_URL": "postgresql://me:hidden@host/db"}
    shown = repr(load_settings(environ, tmp_path))
    assert GOOD_KEY not in shown
    assert "hidden" not in shown


def test_a_refused_secret_is_not_repeated(tmp_path):
    with pytest.raises(SettingsInvalid) as raised:
        load_settings({"XRM_SECRET_KEY": "hunter2"}, tmp_path)
    assert "hunter2" not in str(raised.value)


def test_an_embedded_installation_makes_its_key_once_and_keeps_it_to_itself(tmp_path):
    first = with_secret_key(load_settings({}, tmp_path))
    again = load_settings({}, tmp_path)
    assert len(first.secret_key) >= 32
    assert again.secret_key == first.secret_key
    assert stat.S_IMODE((tmp_path / ".xrm-data" / "secret.key").stat().st_mode) == 0o600


def test_processes_that_start_together_share_one_key(tmp_path):
    settings = load_settings({}, tmp_path)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: with_secret_key(settings).secret_key, range(32)))
    assert len(keys) == 1
    assert [path.name for path in (tmp_path / ".xrm-data").iterdir()] == ["secret.key"]


def test_a_server_database_needs_a_key_that_every_process_is_given(tmp_path):
    settings = load_settings({"XRM_DATABASE_URL": "postgresql://h/d"}, tmp_path)
    with pytest.raises(SettingsInvalid, match="C105"):
        with_secret_key(settings)


def test_a_damaged_key_file_stops_the_start(tmp_path):
    (tmp_path / ".xrm-data").mkdir()
    (tmp_path / ".xrm-data" / "secret.key").write_text("")
    with pytest.raises(SettingsInvalid, match="C105"):
        load_settings({}, tmp_path)


def test_a_given_key_is_used_as_it_is(tmp_path):
    settings = load_settings({"XRM_SECRET_KEY": GOOD_KEY}, tmp_path)
    assert with_secret_key(settings) is settings
    assert settings.secret_key == GOOD_KEY


def test_every_limit_has_a_code_of_its_own_and_allows_its_default():
    table = limit_table(Limits())
    codes = [fact.code for fact in table]
    assert codes == sorted(set(codes))
    assert [fact.name for fact in table if fact.ceiling and fact.value > fact.ceiling] == []


def test_the_shipped_packs_are_found_beside_the_package():
    assert [path.name for path in shipped_folders()] == ["entity_packs", "workflows"]


def test_settings_cannot_be_changed_after_the_start(tmp_path):
    settings = load_settings({}, tmp_path)
    with pytest.raises(AttributeError):
        settings.port = 1  # the assignment itself is the test
    assert settings.port == Settings().port
