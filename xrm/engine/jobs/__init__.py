"""Background work: a port of five calls, the ledger that people look at, readers of the change log."""

from xrm.engine.jobs.context import Context, Result, Watch
from xrm.engine.jobs.dbos_runner import DbosRunner
from xrm.engine.jobs.dispatcher import Consumer, Dispatcher, Logged
from xrm.engine.jobs.inline_runner import InlineRunner
from xrm.engine.jobs.port import Run, Runner, RunState
from xrm.engine.jobs.presence import Lease
from xrm.engine.jobs.service import Beside, Handler, Jobs, Repeats
from xrm.engine.jobs.states import JOB_CODES, Cancelled, Job, State, Superseded
from xrm.engine.jobs.worker import Worker, start_worker

__all__ = [
    "JOB_CODES",
    "Beside",
    "Cancelled",
    "Consumer",
    "Context",
    "DbosRunner",
    "Dispatcher",
    "Handler",
    "InlineRunner",
    "Job",
    "Jobs",
    "Lease",
    "Logged",
    "Repeats",
    "Result",
    "Run",
    "RunState",
    "Runner",
    "State",
    "Superseded",
    "Watch",
    "Worker",
    "start_worker",
]
