"""What ``analytics doctor`` finds."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import AnalyticsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.workspace import Workspace

PACKAGES: Final = (
    "analytics-lib", "papermill", "nbconvert", "ipykernel", "jupyterlab", "voila", "great-expectations", "altair",
    "vl-convert-python", "pandas", "sqlalchemy", "duckdb", "duckdb-sqlalchemy",
)  # fmt: skip
OPTIONAL: Final = {
    "psycopg": "PostgreSQL: pip install 'analytics-lib[postgresql]'",
    "distributed": "--executor dask://…: pip install 'analytics-lib[dask]'",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    ok: bool
    detail: str
    optional: bool = False


def examine(workspace: Workspace | None, problem: AnalyticsError | None) -> list[Finding]:
    """Look at the installation and, where there is one, at the workspace."""
    findings = [Finding("python", True, platform.python_version()), *_packages(), _kernel()]
    if workspace is None:
        return [*findings, Finding("workspace", False, str(problem))]
    findings.append(Finding("workspace", True, str(workspace.root)))
    return [*findings, *_connections(workspace), _site(workspace), _state(workspace)]


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            yield Finding(name, True, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, False, f"not installed: pip install {name}")
    for name, purpose in OPTIONAL.items():
        try:
            yield Finding(name, True, metadata.version(name), optional=True)
        except metadata.PackageNotFoundError:
            yield Finding(name, False, f"not installed; needed for {purpose}", optional=True)


def _kernel() -> Finding:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Finding("kernel python3", False, "not installed: pip install ipykernel")
    return Finding("kernel python3", True, spec.argv[0])


def _connections(workspace: Workspace) -> Iterator[Finding]:
    from analytics_lib.connectors import open_connection

    for name in workspace.declared:
        subject = f"connection {name}"
        try:
            with open_connection(workspace.connection(name)) as connection:
                tables = len(connection.tables())
        except AnalyticsError as error:
            yield Finding(subject, False, str(error))
        else:
            yield Finding(subject, True, f"answers; {tables} table{'' if tables == 1 else 's'}")


def _site(workspace: Workspace) -> Finding:
    from analytics_lib.publishing.files import disk_sentences

    try:
        with disk_sentences("the site", workspace.site):
            workspace.site.mkdir(parents=True, exist_ok=True)
            probe = workspace.site / ".part-probe"
            probe.write_bytes(b"1")
            probe.unlink()
    except AnalyticsError as error:
        return Finding("site", False, str(error))
    return Finding("site", True, str(workspace.site))


def _state(workspace: Workspace) -> Finding:
    from analytics_lib.registry import open_registry

    try:
        open_registry(workspace.state_url, where=workspace.state_where).close()
    except AnalyticsError as error:
        return Finding("state database", False, str(error))
    return Finding("state database", True, "answers")
