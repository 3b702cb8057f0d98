"""Processes that are killed in the middle of their work: forked from one that has loaded the engine and done nothing.

What dies is a process with connections, files and locks of its own; only what it would have imported is there before.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.support.project import ROOT

_READY = """
import json, os, sys, traceback
import alembic.migration, alembic.operations, psycopg, sqlite3
import sqlalchemy.dialects.postgresql.psycopg, sqlalchemy.dialects.sqlite.pysqlite
import xrm.engine.backup, xrm.engine.runtime, xrm.metadata.shape, xrm.metadata.yaml_reader, xrm.testing

def live(code, arguments, errors):
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    os.dup2(os.open(errors, os.O_WRONLY), 2)
    sys.argv = ["-c", *arguments]
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})

for line in sys.stdin:
    child = os.fork()
    if child:
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    try:
        live(*json.loads(line))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)
"""


def was_killed(code: str, *arguments: object) -> None:
    """A process of its own has run the code with these arguments, and was killed by -9 while it did."""
    ready = _ready()
    assert ready.stdin is not None
    assert ready.stdout is not None
    with tempfile.NamedTemporaryFile("r") as errors:
        ready.stdin.write(json.dumps([code, [str(a) for a in arguments], errors.name]) + "\n")
        ready.stdin.flush()
        outcome = ready.stdout.readline().strip()
        assert outcome == "-9", Path(errors.name).read_text(encoding="utf-8")


@cache
def _ready() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _READY], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    process.communicate()
