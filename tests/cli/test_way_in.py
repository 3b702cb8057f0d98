"""The first command of the project ends with what a newcomer needs: where it is, and how to sign in."""

import importlib.util
import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress

from tests.cli.conftest import SECRET
from tests.cli.test_serve import command_for, environment_for, free_port, living, until
from tests.support.project import ROOT
from xrm.testing import make_runtime, make_settings

SIGN_IN = "admin@example.com\nseven quiet otters\n"


def last_words(url, data, folder):
    """What the server has said when it has said where it listens, and on which port that is."""
    make_runtime(url, data, settings=make_settings(url, data, secret_key=SECRET)).close()
    port, log = free_port(), folder / "log"
    with log.open("w") as out:
        server = subprocess.Popen(
            command_for(port), cwd=ROOT, env=environment_for(url, data), stdout=out, stderr=out
        )
    try:
        assert until(lambda: "listens on" in log.read_text(), 60), log.read_text()
    finally:
        server.terminate()
        server.wait(timeout=60)
    return log.read_text().rstrip().splitlines(), port


def test_a_demo_is_served_with_its_address_and_its_sign_in_together(sqlite_url, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "demo-sign-in.txt").write_text(SIGN_IN)
    said, port = last_words(sqlite_url, data, tmp_path)
    address, *way_in = said[-3:]
    assert f"http://127.0.0.1:{port}" in address
    assert way_in == ["Sign in as admin@example.com", "Password:  seven quiet otters"]


def test_an_installation_in_earnest_is_served_without_a_word_about_passwords(sqlite_url, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    said, port = last_words(sqlite_url, data, tmp_path)
    assert f"http://127.0.0.1:{port}" in said[-1]
    assert "Password" not in "".join(said)


def test_the_first_command_does_not_repeat_how_to_start_what_it_starts(tmp_path, monkeypatch, capfd):
    program = tmp_path / "python"
    program.write_text(
        '#!/bin/sh\ncase "$*" in *init*) echo "Start it with: xrm serve";; *) echo "$@";; esac\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    plan = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    dev = importlib.util.module_from_spec(plan)
    plan.loader.exec_module(dev)
    monkeypatch.setattr(dev, "prepare", lambda **_: None)
    monkeypatch.setattr(dev, "python", lambda: os.fspath(program))
    assert dev.run(["--port", "8799"]) == 0
    said = capfd.readouterr().out
    assert "Start it with" not in said
    assert said.rstrip().splitlines()[-1].endswith("--port 8799")


def test_who_ends_the_first_command_ends_what_it_has_started(tmp_path):
    kept = tmp_path / "pid"
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\ncase "$*" in *init*) ;; *) echo $$ > {kept}; exec sleep 60;; esac\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    script = (
        "import dev, os, sys\n"
        "dev.prepare = lambda **_: None\n"
        f"dev.python = lambda: {os.fspath(program)!r}\n"
        "sys.exit(dev.run([]))\n"
    )
    first = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        assert until(lambda: kept.exists() and kept.read_text().strip() != "", 60)
        first.terminate()
        first.wait(timeout=60)
        assert until(lambda: int(kept.read_text()) not in living(), 5)
    finally:
        with suppress(ProcessLookupError):
            os.kill(int(kept.read_text()), signal.SIGKILL)
