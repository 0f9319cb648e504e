"""The order of a load: fetch, stage, check, switch, record.

What is fetched lies on the disk before the warehouse is opened, so that a DuckDB file is held as shortly as can be, and
a load that is killed goes on after its last page. Everything that a switch changes is one transaction of the warehouse;
only then the state database is told. Killed between the two, the same rows are switched once more, by their keys.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from analytics_lib.connectors.landing.steps import Switch
from analytics_lib.connectors.landing.tables import names_of
from analytics_lib.errors import AnalyticsError, SourceError
from analytics_lib.pipeline.loading.fetching import begun, definition_of, fetch, notation_in, refill
from analytics_lib.pipeline.loading.fitting import Fitting, Shape, held_rows, shape_of
from analytics_lib.pipeline.loading.opening import opened_claim, opened_warehouse, wait_for
from analytics_lib.pipeline.loading.spool import Spool, source_lock
from analytics_lib.registry import FAILED, HELD_BACK, LOADED, Load, open_loads
from analytics_lib.validation import check_table, load_suite
from analytics_lib.validation.rowwise import failing_rows, split
from analytics_lib.workspace.sources import load_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analytics_lib.connectors.landing.claims import Claim
    from analytics_lib.connectors.landing.warehouse import Warehouse
    from analytics_lib.model.checks import CheckResult
    from analytics_lib.pipeline.loading.spool import Head
    from analytics_lib.pipeline.results import Progress
    from analytics_lib.registry import LoadRegistry
    from analytics_lib.validation import Suite
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.sources import SourceFile


@dataclass(frozen=True)
class LoadRequest:
    """How a source is to be loaded.

    Parameters
    ----------
    full
        All of it anew: the table is replaced, with its columns' types, and an incremental load begins at its start.
    replay
        Not the source, but the rows of its quarantine.
    """

    full: bool = False
    replay: bool = False

    @property
    def kind(self) -> str:
        """One word for it."""
        return "replay" if self.replay else "full" if self.full else "load"


@dataclass
class _Job:
    """One load, and what it works on."""

    workspace: Workspace
    file: SourceFile
    request: LoadRequest
    progress: Progress
    registry: LoadRegistry
    suites: tuple[Suite, Suite] | None
    claim: Claim | None = None
    head: Head | None = None
    started: float = field(default_factory=time.monotonic)

    def require_claim(self) -> None:
        """See that nobody else loads into the table."""
        if self.claim is not None:
            self.claim.require()

    @property
    def target(self) -> str:
        """Where rows land, for a reader."""
        into = self.file.source.into
        return f"{into.connection}: {into.table}"

    def record(self, status: str, **facts: Any) -> Load:
        """Record what became of the load."""
        seconds = time.monotonic() - self.started
        load = Load(
            self.file.name, self.head.load if self.head is not None else "", self.request.kind, status, self.target,
            datetime.now(UTC) - timedelta(seconds=seconds), round(seconds, 3), **facts,
        )  # fmt: skip
        self.registry.add(load)
        return load


def load_source_rows(workspace: Workspace, name: str, request: LoadRequest, progress: Progress) -> Load:
    """Load one source, and record what became of it.

    Parameters
    ----------
    workspace, name
        The source.
    request
        How.
    progress
        Told of each step.

    Returns
    -------
    Load
        ``loaded``, or ``held back`` where its suite does not hold: then nothing has changed.

    Raises
    ------
    AnalyticsError
        Something is wrong with the source, its file, its suite or the warehouse: then nothing has changed, and what was
        fetched is kept for the next load.
    """
    file = load_source(workspace.root, name)
    with workspace.places():
        suites = _suites(workspace, file)
    with ExitStack() as stack:
        stack.enter_context(source_lock(workspace.state, file.name))
        registry = open_loads(workspace.state_url, where=workspace.state_where)
        stack.callback(registry.close)
        job = _Job(workspace, file, request, progress, registry, suites)
        with _recorded(job):
            job.claim = stack.enter_context(opened_claim(workspace, file))
        wait_for(job.claim, workspace, file, progress)  # another's load is no failure of this one
        job.started = time.monotonic()
        with _recorded(job):
            return _load(job)


@contextmanager
def _recorded(job: _Job) -> Iterator[None]:
    """Record what fails."""
    try:
        with job.workspace.places():
            yield
    except AnalyticsError as error:
        with suppress(AnalyticsError):  # a state that cannot be written either is no reason to hide this one
            job.record(FAILED, reason=str(error))
        raise


def _suites(workspace: Workspace, file: SourceFile) -> tuple[Suite, Suite] | None:
    name = file.source.checks
    return None if name is None else split(load_suite(workspace.root / "expectations" / f"{name}.json"))


def _load(job: _Job) -> Load:
    spool = Spool(job.workspace.state / "loads" / (job.file.name + "~replay" * job.request.replay))
    known = _known(job, spool)
    if job.request.replay:
        with opened_warehouse(job.workspace, job.file, job.progress) as warehouse:
            table = job.file.source.into.table
            job.head = refill(spool, job.workspace, job.file, warehouse.quarantined(table, job.file.name))
    else:
        since = known.mark if known is not None and known.mark is not None else _start(job)
        job.head = begun(job.file, spool, job.request.kind, since)
        fetch(job.workspace, job.file, spool, job.head, job.progress)
    shape = shape_of(job.file, spool, {} if known is None else known.columns, is_replay=job.request.replay)
    load = _land(job, spool, shape, known)
    spool.remove()
    return load


def _start(job: _Job) -> Any:
    mark = job.file.source.into.incremental
    return None if mark is None else mark.start


def _known(job: _Job, spool: Spool) -> Load | None:
    """Return the last load whose table is still there, which this one goes on from; None to begin anew.

    Raises
    ------
    SourceError
        The table is there, and no load of this source has made it.
    """
    head = spool.head()
    if head is not None and job.registry.is_loaded(job.file.name, head.load):
        spool.remove()
        head = None
    last = job.registry.newest(LOADED).get(job.file.name)
    last = last if last is not None and last.target == job.target else None
    with opened_warehouse(job.workspace, job.file, job.progress) as warehouse:
        there = warehouse.columns_of(job.file.source.into.table) is not None
    if job.request.full or not there:
        return None
    is_ours = head is not None and head.definition == definition_of(job.file)
    if last is None and not is_ours:
        raise SourceError(
            f"the table {job.file.source.into.table} is there already, and was not made by this source",
            where=job.file.where("into", "table"),
            hint=f"name another table, or replace it: `analytics load {job.file.name} --full`",
        )
    return last


def _land(job: _Job, spool: Spool, shape: Shape, known: Load | None) -> Load:
    source, into, name = job.file.source, job.file.source.into, job.file.name
    mark = None if known is None else known.mark
    if not shape.columns:
        job.progress.say(f"{name}: no rows have come")
        return job.record(LOADED, mark=mark)
    job.progress.say(f"{name}: staging {shape.rows:,} rows for {job.target}")
    fitting = Fitting(shape, into, mark, notation_in(job.workspace, job.file))
    with opened_warehouse(job.workspace, job.file, job.progress) as warehouse:
        job.require_claim()
        warehouse.stage(into.table, shape.columns, fitting.batches(spool))
        bad = _bad_rows(job, warehouse, fitting)
        reason = _too_many(job, bad, shape.rows)
        clean = warehouse.settle(into.table, shape.columns, into.key, bad)
        whole = None if reason is not None else _whole(job, warehouse)
        if whole is not None and whole.holds_back:
            reason = _said(whole, "error")
        if reason is not None:
            warehouse.discard(into.table)
            load = job.record(HELD_BACK, reason=reason, quarantined=len(bad), mark=mark, drift=tuple(shape.drift))
            spool.remove()
            return load
        job.progress.say(f"{name}: switching {clean:,} rows, {len(bad):,} go to the quarantine")
        assert job.head is not None  # noqa: S101 - for the type checker: it was fetched
        switch = Switch(
            name, job.head.load, _mode(job), tuple(into.key), rebuild=_is_rebuilt(job, shape),
            forget=job.request.replay or job.request.full or into.mode == "replace",
        )  # fmt: skip
        job.require_claim()
        landed = warehouse.switch(into.table, shape.columns, switch, held_rows(spool, bad, shape, switch))
    return job.record(
        LOADED, reason=None if whole is None else _said(whole, "warning"), rows=landed.rows, updated=landed.updated,
        quarantined=len(bad), total=landed.total, waiting=landed.waiting,
        mark=fitting.mark if source.into.incremental is not None else None, columns=shape.columns,
        drift=tuple(shape.drift),
    )  # fmt: skip


def _mode(job: _Job) -> str:
    into = job.file.source.into
    if job.request.replay:
        return "upsert" if into.key else "add"
    return "replace" if job.request.full else into.mode


def _bad_rows(job: _Job, warehouse: Warehouse, fitting: Fitting) -> Mapping[int, str]:
    """Return the numbers of rows that are not wanted, each with the reason."""
    bad = dict(fitting.misfits)
    if job.suites is not None:
        stage = _beside(job, "stage")
        found = failing_rows(warehouse.engine, stage, job.suites[0], subject=f"source {job.file.name}", identity="_row")
        bad |= {row: "; ".join(reasons) for row, reasons in found.items()}
    return dict(sorted(bad.items()))


def _too_many(job: _Job, bad: Mapping[int, str], rows: int) -> str | None:
    if not rows or job.request.replay or len(bad) / rows <= job.file.source.into.tolerate:
        return None
    first = next(iter(bad))
    return (
        f"{len(bad):,} of {rows:,} rows are not fit, more than into.tolerate allows "
        f"({job.file.source.into.tolerate:.0%}); row {first}: {bad[first]}"
    )


def _is_rebuilt(job: _Job, shape: Shape) -> bool:
    """Return whether a full load needs a table of other columns; else its rows are replaced, and views on it stay."""
    last = job.registry.newest(LOADED).get(job.file.name)
    return job.request.full and (last is None or dict(last.columns) != dict(shape.columns))


def _whole(job: _Job, warehouse: Warehouse) -> CheckResult | None:
    """Return what the suite says of the rows together; a replay brings too few to be judged together."""
    if job.suites is None or not job.suites[1].expectations or job.request.replay:
        return None
    return check_table(warehouse.engine, _beside(job, "clean"), job.suites[1], subject=job.target)


def _said(result: CheckResult, severity: str) -> str | None:
    failed = [each for each in result.failures if each.severity == severity]
    return "; ".join(f"{each.sentence}: {each.problem or each.observed}" for each in failed) or None


def _beside(job: _Job, what: str) -> str:
    names = names_of(job.file.source.into.table)
    return f"{names.schema}.{getattr(names, what)}" if names.schema is not None else str(getattr(names, what))
