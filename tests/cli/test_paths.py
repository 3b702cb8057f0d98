"""A path that leads nowhere, or to something else, is told as that, by every verb that takes one."""

import pytest
from click.testing import CliRunner

from tests.cli.conftest import SECRET
from tests.support.installed import make_runtime
from xrm.cli import cli
from xrm.testing import a_pack


@pytest.fixture
def said(tmp_path, monkeypatch):
    """`said("plan", "x")` is the exit code and the words of a verb, beside a file, a folder and a pack."""
    make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path).close()
    monkeypatch.setenv("XRM_DATA", str(tmp_path))
    monkeypatch.setenv("XRM_SECRET_KEY", SECRET)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("hello")
    (tmp_path / "empty").mkdir()
    for path, text in a_pack("sales", deal="title: name\nfields: {name: {type: text}}\n").items():
        (tmp_path / "sales" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sales" / path).write_text(text)

    def run(*words):
        done = CliRunner().invoke(cli, words)
        return done.exit_code, done.output

    return run


@pytest.mark.parametrize("verb", ["plan", "apply"])
def test_a_mirror_of_what_is_not_there_says_so(said, verb):
    for path, code in (("missing", "M106"), ("file", "M106"), ("empty", "M107")):
        assert said(verb, path, "--mirror") == said(verb, path)
        assert said(verb, path, "--mirror")[0] == 1
        assert said(verb, path, "--mirror")[1].startswith(f"{path}: {code} ")
    code, words = said(verb, "sales", "--mirror")
    assert (code, "--mirror goes with the folder of a customisation" in words) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("model", "export", "file/inside"),
        ("model", "export", "/proc/nowhere"),
        ("pack", "export", "core", "file/core.zip"),
        ("pack", "export", "core", "missing/core.zip"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_with_what_to_do(said, words):
    code, told = said(*words)
    assert code == 1, told
    assert told.startswith(f"{words[-1]}: P164 ")
    assert "Name another place" in told
