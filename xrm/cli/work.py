"""xrm work: background work for an installation whose web processes run elsewhere."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

from xrm.cli.frame import data_option, opened, verb
from xrm.cli.output import say

_LOOK_SECONDS = 3600.0


@verb("work", help="Perform background jobs until stopped. The server of one command does so itself.")
@data_option
def command(data: Path | None) -> None:
    """Jobs are performed until the process is told to stop; what runs then goes on in another worker."""
    from xrm.engine.runtime.working import working

    over = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: over.set())
    with opened(data) as runtime:
        runtime.current()
        with working(runtime):
            say("xrm works. Stop it with Ctrl-C.")
            # A wait without end would not be woken by signals on every platform.
            while not over.wait(_LOOK_SECONDS):
                pass
