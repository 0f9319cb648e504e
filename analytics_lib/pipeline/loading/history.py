"""What became of the sources: their newest loads, how fresh they are, what waits in their quarantines."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import AnalyticsError
from analytics_lib.pipeline.loading.spool import Spool, is_being_loaded
from analytics_lib.registry import LOADED, Load, is_missing, open_loads
from analytics_lib.workspace.sources import load_source, source_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.registry import LoadRegistry
    from analytics_lib.workspace import Workspace


@dataclass(frozen=True)
class SourceState:
    """A source and its loads.

    Parameters
    ----------
    name
        The source.
    title, owner, target
        As its file says.
    status
        ``loaded``, ``held back``, ``failed``, ``never loaded``, ``being loaded``, ``interrupted`` (a load was killed;
        the next one goes on with it) or ``invalid`` (its file is).
    reason
        Why it is not loaded, or what its suite warns of.
    newest
        Its newest load, whatever became of it.
    loaded
        Its newest load that came to its end: what the table holds.
    """

    name: str
    title: str
    owner: str
    target: str
    status: str
    reason: str | None
    newest: Load | None
    loaded: Load | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        loaded = self.loaded
        return {
            "source": self.name, "title": self.title, "owner": self.owner, "target": self.target,
            "status": self.status, "reason": self.reason,
            "rows": loaded.total if loaded else None, "quarantined": loaded.waiting if loaded else None,
            "mark": loaded.mark if loaded else None,
            "loaded_at": loaded.started_at.isoformat() if loaded else None,
            "newest": self.newest.to_json() if self.newest else None,
        }  # fmt: skip


def source_states(workspace: Workspace) -> list[SourceState]:
    """Return the state of each source of the workspace, by name; nothing is opened but the state database."""
    newest: dict[str, Load] = {}
    loaded: dict[str, Load] = {}
    names = source_names(workspace.root)
    if names:
        with _registry(workspace) as registry:
            if registry is not None:
                newest, loaded = registry.newest(), registry.newest(LOADED)
    return [_state(workspace, name, newest.get(name), loaded.get(name)) for name in names]


def source_history(workspace: Workspace, name: str, limit: int) -> tuple[SourceState, list[Load]]:
    """Return the state of one source and its loads, the newest first; its file need not be valid.

    Parameters
    ----------
    workspace, name
        The source.
    limit
        Loads at most.

    Raises
    ------
    SourceError
        There is none of that name.
    """
    if name not in source_names(workspace.root):
        name = load_source(workspace.root, name).name
    state = next(state for state in source_states(workspace) if state.name == name)
    with _registry(workspace) as registry:
        return state, [] if registry is None else registry.history(name, limit)


@contextmanager
def _registry(workspace: Workspace) -> Iterator[LoadRegistry | None]:
    """Open the loads; None where nothing has been written yet."""
    if is_missing(workspace.state_url):
        yield None
        return
    registry = open_loads(workspace.state_url, where=workspace.state_where)
    try:
        yield registry
    finally:
        registry.close()


def _state(workspace: Workspace, name: str, newest: Load | None, loaded: Load | None) -> SourceState:
    status, reason = ("never loaded", None) if newest is None else (newest.status, newest.reason)
    head = Spool(workspace.state / "loads" / name).head()
    if is_being_loaded(workspace.state, name):
        status, reason = "being loaded", None
    elif head is not None and (newest is None or newest.load != head.load):
        status, reason = "interrupted", "a load was broken off; the next one goes on with it"
    try:
        source = load_source(workspace.root, name).source
    except AnalyticsError as error:
        return SourceState(name, name, "", "", "invalid", str(error), newest, loaded)
    target = f"{source.into.connection}: {source.into.table}"
    return SourceState(name, source.title or name, source.owner, target, status, reason, newest, loaded)
