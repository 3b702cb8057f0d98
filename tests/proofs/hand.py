"""A process that writes to a depot through a runtime of its own: `python hand.py FOLDER URL NAME COUNT`.

It says `ready`, waits for a line, and tells in JSON how many writes were done and which were refused.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.support.servers import KEY
from xrm.engine.commands import Create, Target, Update
from xrm.engine.runtime import open_runtime
from xrm.errors import XrmError
from xrm.testing import make_settings


def write(folder: Path, url: str, name: str, number: int) -> dict[str, object]:
    """Parcels with items were made and changed, and with each of them one that all hands share."""
    runtime = open_runtime(make_settings(url, folder, secret_key=KEY))
    hand, refused, done = runtime.installer, [], 0
    execute = runtime.current().records.execute
    tell("ready")
    sys.stdin.readline()
    for n in range(number):
        code = f"{name}-{n}"
        values = {"code": code, "name": code, "pieces": 1, "items": {"create": [{"name": f"{code} i"}]}}
        shared = Target(key={"external_key": "shared"})
        try:
            made = execute(hand, [Create("parcel", values)]).results[0]
            renamed = Update("parcel", Target(made.id), {"name": f"{code} again"})
            execute(hand, [renamed, Update("parcel", shared, {"name": code})])
            done += 2
        except XrmError as error:
            refused.append(f"{type(error).__name__}: {error.first.code} {error.first.message}")
    runtime.close()
    return {"done": done, "refused": refused}


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    tell(json.dumps(write(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))))
