"""Which tables a database has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlalchemy import Engine


_SYSTEM: Final = frozenset({"information_schema", "pg_catalog", "mysql", "performance_schema", "sys"})


def table_names(engine: Engine) -> list[str]:
    """Return the names of all tables and views, with their schema where it is not the default one."""
    from sqlalchemy import inspect

    names: list[str] = []
    inspector = inspect(engine)
    for schema in inspector.get_schema_names():
        short = schema.split(".")[-1]
        if short in _SYSTEM or schema.startswith(("system.", "temp.")):
            continue
        found = inspector.get_table_names(schema=schema) + inspector.get_view_names(schema=schema)
        default = short in {inspector.default_schema_name, "main"}
        names += [name if default else f"{short}.{name}" for name in found]
    return sorted(set(names))
