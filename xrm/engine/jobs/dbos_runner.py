"""DBOS as the engine of runs.

Its tables lie in the same database, so that a run is asked for in the transaction that needs it.
DBOS is imported when it is first needed, for that takes most of a second. It gets connections of its own,
because on SQLite it begins its transactions itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xrm.engine.jobs.port import Perform, Run, RunState
from xrm.engine.storage.database import Database, UnitOfWork

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions

APPLICATION = "xrm"
# Runs are bound to this version, not to one of the program: metadata and not code changes what a job does.
VERSION = "jobs-1"
SCHEMA = "dbos"
WORKFLOW = "xrm_job"
BUSY_SECONDS = 30.0
CONNECTIONS = 5
SWEPT_AT_ONCE = 1000
OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_STATES = {
    "ENQUEUED": RunState.WAITING,
    "DELAYED": RunState.WAITING,
    "PENDING": RunState.RUNNING,
    **dict.fromkeys(OVER, RunState.OVER),
}


class DbosRunner:
    """Enqueues runs for the workers of any process; `launch` makes this process one of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._perform: Perform | None = None
        self._lock = Lock()
        self._is_prepared = False

    def register(self, perform: Perform) -> None:
        """`perform` is called with job and attempt for every run."""
        self._perform = perform

    def prepare(self) -> None:
        """The tables of DBOS exist. Called outside of any transaction, before the first run is asked for."""
        with self._lock:
            if not self._is_prepared and not self._has_tables():
                self._make_tables()
            self._is_prepared = True

    @property
    def is_ready(self) -> bool:
        """Whether this process knows that the tables exist."""
        return self._is_prepared

    def enqueue(self, unit: UnitOfWork, run: Run) -> None:
        """The run will be performed, if the caller's transaction commits."""
        self._ask_for(unit, run, {})

    def delay(self, unit: UnitOfWork, run: Run, by: timedelta) -> None:
        """The run will be performed after that time, if the caller's transaction commits."""
        self._ask_for(unit, run, {"delay_seconds": by.total_seconds()})

    def cancel(self, run: Run) -> None:
        """A run that has not begun will not begin."""
        if self.status(run) in (RunState.WAITING, RunState.RUNNING):
            self._client.cancel_workflow(run.key)

    def status(self, run: Run) -> RunState:
        """What DBOS knows of the run."""
        found = self._client.list_workflows(workflow_ids=[run.key], load_input=False, load_output=False)
        return _STATES.get(found[0].status, RunState.UNKNOWN) if found else RunState.UNKNOWN

    def launch(self, name: str, queues: Sequence[str], at_once: int) -> Callable[[], None]:
        """This process performs the runs of these queues until the function that this gives is called."""
        from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

        perform = self._perform
        if perform is None:
            raise RuntimeError("A worker was started before anything was registered to perform runs.")
        _be_quiet()
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": self._engine,
            "dbos_system_schema": SCHEMA,
            "application_version": VERSION,
            "executor_id": name,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "enable_otlp": False,
            "max_executor_threads": at_once + 2,
        }
        DBOS(config=config)

        @DBOS.workflow(name=WORKFLOW)
        def xrm_job(job: str, attempt: int) -> None:
            from uuid import UUID

            perform(UUID(job), attempt)

        DBOS.listen_queues(queues)
        DBOS.launch()
        for queue in queues:
            DBOS.register_queue(queue, worker_concurrency=at_once)
        return lambda: DBOS.destroy(destroy_registry=True)

    def sweep(self, before: datetime) -> None:
        """Runs that were over before that are forgotten; what came of their jobs stands in the ledger."""
        found = self._client.list_workflows(
            status=list(OVER),
            completed_before=before.isoformat(),
            limit=SWEPT_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if found:
            self._client.delete_workflows([run.workflow_id for run in found])

    def close(self) -> None:
        """No connection of DBOS is open."""
        client, engine = self.__dict__.pop("_client", None), self.__dict__.pop("_engine", None)
        if client is not None:
            client.destroy()
        if engine is not None:
            engine.dispose()

    def _ask_for(self, unit: UnitOfWork, run: Run, more: EnqueueOptions | dict[str, Any]) -> None:
        options: Any = {
            "workflow_name": WORKFLOW,
            "queue_name": run.queue,
            "workflow_id": run.key,
            "app_version": VERSION,
            **more,
        }
        self._client.enqueue_in_transaction(unit.connection, options, str(run.job), run.attempt)

    @cached_property
    def _engine(self) -> sa.Engine:
        return _engine_of(self._database)

    @cached_property
    def _client(self) -> DBOSClient:
        from dbos import DBOSClient, DBOSPortableJSONSerializer

        _be_quiet()
        return DBOSClient(
            system_database_engine=self._engine,
            dbos_system_schema=SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )

    def _has_tables(self) -> bool:
        schema = None if self._database.dialect.is_sqlite else SCHEMA
        with self._database.read() as unit:
            return sa.inspect(unit.connection).has_table("dbos_migrations", schema=schema)

    def _make_tables(self) -> None:
        from dbos import DBOS

        _be_quiet()
        address = self._database.engine.url.render_as_string(hide_password=False)
        DBOS.migrate(address, schema=SCHEMA)


def _engine_of(database: Database) -> sa.Engine:
    """An engine that leaves the beginning of transactions to DBOS."""
    if not database.dialect.is_sqlite:
        return sa.create_engine(database.engine.url, pool_size=CONNECTIONS, pool_pre_ping=True)
    engine = sa.create_engine(database.engine.url, connect_args={"timeout": BUSY_SECONDS})
    pragmas = ("foreign_keys = ON", f"synchronous = {database.options.synchronous}")

    @sa.event.listens_for(engine, "connect")
    def at_connect(driver: Any, record: Any) -> None:
        driver.isolation_level = "IMMEDIATE"
        for pragma in pragmas:
            driver.execute(f"PRAGMA {pragma}")

    return engine


def _be_quiet() -> None:
    """DBOS speaks through the log of this program, and of trouble only."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.WARNING)
