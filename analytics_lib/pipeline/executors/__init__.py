"""Where notebooks run: in this process, or on a cluster. Versions, checks and publishing stay with the build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import ExecutorError
from analytics_lib.pipeline.executors.executor import Executor, LocalExecutor

if TYPE_CHECKING:
    from analytics_lib.workspace import Workspace

__all__ = ["Executor", "LocalExecutor", "open_executor"]

_DASK: Final = re.compile(r"dask://(?P<place>(?:\[[0-9a-fA-F:.]+\]|[^\s:/@]+):[0-9]{1,5})/?")


def open_executor(address: str, workspace: Workspace) -> Executor:
    """Return what runs the notebooks of a build; a cluster is reached when it is first needed.

    Parameters
    ----------
    address
        ``dask://HOST:PORT`` of a Dask scheduler; empty for this process.
    workspace
        Whose notebooks will run.

    Raises
    ------
    ExecutorError
        The address is none, or the package that it needs is not installed.
    """
    if not address:
        return LocalExecutor(workspace.jobs)
    found = _DASK.fullmatch(address)
    if found is None:
        raise ExecutorError(
            f"'{address}' is no executor", where="--executor", hint="write dask://HOST:PORT, the scheduler's address"
        )
    from analytics_lib.pipeline.executors.dask import DaskExecutor, require_dask

    require_dask()
    return DaskExecutor(found["place"], workspace.root)
