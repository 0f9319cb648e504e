"""What the state database is asked and told about loads of sources."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, Row, func, insert, select

from analytics_lib.registry.database import aware, naive, open_database, transaction
from analytics_lib.registry.tables import loads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LOADED: Final = "loaded"
HELD_BACK: Final = "held back"
FAILED: Final = "failed"


@dataclass(frozen=True)
class Load:
    """One load of a source.

    Parameters
    ----------
    source
        The source's name.
    load
        Tells loads apart; a load that is resumed keeps it.
    kind
        ``load``, ``full`` or ``replay``.
    status
        ``loaded``, ``held back`` (its suite did not hold) or ``failed``.
    reason
        Why it was not loaded; of one that was, what its suite warns of.
    target
        Where it landed: ``warehouse: crm.contacts``.
    rows
        Rows that came into the table.
    updated
        Those of them that took the place of one of their key; None where that was not counted.
    quarantined
        Rows of this load that were quarantined.
    total, waiting
        Rows of the table, and of its quarantine, when it was done.
    mark
        How far an incremental load came.
    columns
        Column → type, in the table's order.
    drift
        What had changed against the load before, in sentences.
    started_at
        When it began.
    seconds
        How long it took.
    """

    source: str
    load: str
    kind: str
    status: str
    target: str
    started_at: datetime
    seconds: float
    reason: str | None = None
    rows: int = 0
    updated: int | None = None
    quarantined: int = 0
    total: int | None = None
    waiting: int | None = None
    mark: Any = None
    columns: Mapping[str, str] = field(default_factory=dict)
    drift: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {**asdict(self), "columns": dict(self.columns), "started_at": self.started_at.isoformat()}


class LoadRegistry:
    """The loads of a state database. Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def add(self, load: Load) -> None:
        """Record a load."""
        row = {**asdict(load), "drift": [*load.drift], "started_at": naive(load.started_at)}
        # A list keeps the columns' order; PostgreSQL's and SQLite's JSON need not keep that of an object's keys.
        row["columns"] = [[name, kind] for name, kind in load.columns.items()]
        with transaction(self._engine) as connection:
            connection.execute(insert(loads).values(**row))

    def newest(self, status: str | None = None) -> dict[str, Load]:
        """Return the newest load of each source, or the newest one of that status."""
        last = select(func.max(loads.c.id)).group_by(loads.c.source)
        if status is not None:
            last = last.where(loads.c.status == status)
        with transaction(self._engine) as connection:
            found = connection.execute(select(loads).where(loads.c.id.in_(last))).all()
        return {row.source: _stored(row) for row in found}

    def history(self, source: str, limit: int) -> list[Load]:
        """Return the loads of a source, the newest first."""
        query = select(loads).where(loads.c.source == source).order_by(loads.c.id.desc()).limit(limit)
        with transaction(self._engine) as connection:
            return [_stored(row) for row in connection.execute(query)]

    def is_loaded(self, source: str, load: str) -> bool:
        """Return whether a load has come to its end."""
        here = (loads.c.source == source) & (loads.c.load == load) & (loads.c.status == LOADED)
        with transaction(self._engine) as connection:
            return connection.execute(select(loads.c.id).where(here)).first() is not None


def open_loads(url: str, *, where: str | None = None) -> LoadRegistry:
    """Return the loads of the state database at `url`, which was given at `where`.

    Raises
    ------
    WorkspaceError, PublishError
        It cannot be opened.
    """
    return LoadRegistry(open_database(url, where=where))


def _stored(row: Row[Any]) -> Load:
    values = {name: value for name, value in row._mapping.items() if name != "id"}  # noqa: SLF001 - documented
    values |= {"columns": dict(values["columns"]), "drift": tuple(values["drift"])}
    return Load(**{**values, "started_at": aware(values["started_at"])})
