"""The door that extensions come in through: entry points of installed packages, and the library's own beside them.

A package names what it adds in its ``pyproject.toml``::

    [project.entry-points."analytics_lib.connectors"]
    clickhouse = "my_package:ClickHouse"

What the library brings itself is listed as entry points too, and loaded by the same function.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTORS: Final = "analytics_lib.connectors"
"""Kinds of connections: what a url starts with → a class that is a `Backend` and is made without arguments."""

_BUILT_IN: Final[Mapping[str, Mapping[str, str]]] = {
    CONNECTORS: {
        "duckdb": "analytics_lib.connectors.engines.embedded:DuckDB",
        "sqlite": "analytics_lib.connectors.engines.embedded:SQLite",
        "postgresql": "analytics_lib.connectors.engines.postgresql:PostgreSQL",
        "mariadb": "analytics_lib.connectors.engines.mariadb:MariaDB",
        "mysql": "analytics_lib.connectors.engines.mariadb:MariaDB",
        "snowflake": "analytics_lib.connectors.engines.warehouses:Snowflake",
        "bigquery": "analytics_lib.connectors.engines.warehouses:BigQuery",
        "redshift": "analytics_lib.connectors.engines.warehouses:Redshift",
        "trino": "analytics_lib.connectors.engines.warehouses:Trino",
        "databricks": "analytics_lib.connectors.engines.warehouses:Databricks",
        "mssql": "analytics_lib.connectors.engines.warehouses:SQLServer",
    },
}


def names(group: str) -> list[str]:
    """Return what there is in a group, by name."""
    return sorted(_found(group))


def load(group: str, name: str) -> Any:
    """Return what an entry point names.

    Raises
    ------
    WorkspaceError
        Another package's cannot be imported.
    """
    point = _found(group)[name]
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        package = point.dist.name if point.dist is not None else "analytics-lib"
        raise WorkspaceError(
            f"'{name}' of the package {package} cannot be loaded: {error}", hint="update the package, or remove it"
        ) from None


@lru_cache
def _found(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of a group; what the library brings itself cannot be replaced unseen."""
    own = {name: EntryPoint(name, value, group) for name, value in _BUILT_IN[group].items()}
    return {**{point.name: point for point in entry_points(group=group)}, **own}
