"""A process that dies while it installs leaves what was there, and the next one succeeds."""

import subprocess
import sys

import pytest

from tests.support.project import ROOT
from xrm.testing import a_pack

DEAL = "fields:\n  name: {type: text, required: true}\n"

DIES = """
import os, signal, sys
from pathlib import Path
from xrm.engine.packs import service
from xrm.testing import a_pack, make_runtime, pack_from

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

url, folder, place = sys.argv[1:]
runtime = make_runtime(url, Path(folder), install=False)
setattr(service, place, die)
runtime.packs.install([pack_from(a_pack("sales", deal={deal!r}))], runtime.installer)
"""


@pytest.mark.parametrize("place", ["write_layer", "bump", "seed_of"])
def test_a_killed_installation_leaves_what_was_there_and_can_be_repeated(
    make, look, database_url, tmp_path, place
):
    runtime = make()
    before = look(runtime)
    code = DIES.format(deal=DEAL)
    died = subprocess.run(
        [sys.executable, "-c", code, database_url, str(tmp_path), place], cwd=ROOT, capture_output=True
    )
    assert died.returncode == -9, died.stderr.decode()
    assert look(runtime) == before
    again = make([a_pack("sales", deal=DEAL)])
    assert "deal" in again.current().model.entities
    assert again.packs.plan().is_empty
