"""What a column holds, as drivers tell it of a result: the little that a statement depends on."""

from __future__ import annotations

from typing import Final

NUMBER: Final = "a number"
BOOLEAN: Final = "true or false"
DAY: Final = "a day"
TIME: Final = "a time"
OTHER: Final = "text"
UNKNOWN: Final = "unknown"
"""SQLite: each value has a type of its own."""

_POSTGRESQL: Final = {16: BOOLEAN, 1082: DAY, 1114: TIME, 1184: TIME} | dict.fromkeys(
    (20, 21, 23, 26, 700, 701, 790, 1700), NUMBER
)
"""Object ids of types (pg_type)."""
_MARIADB: Final = {7: TIME, 10: DAY, 12: TIME, 14: DAY} | dict.fromkeys((0, 1, 2, 3, 4, 5, 8, 9, 13, 16, 246), NUMBER)
"""Column types of the protocol; a boolean is a small number."""
_DUCKDB: Final = {"BOOLEAN": BOOLEAN, "BOOL": BOOLEAN, "DATE": DAY, "DATETIME": TIME}
_DUCKDB_NUMBERS: Final = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
    "FLOAT", "REAL", "DOUBLE", "DECIMAL", "NUMBER",
)  # fmt: skip


def kind_of(dialect: str, code: object) -> str:
    """Return what a column holds.

    Parameters
    ----------
    dialect
        SQLAlchemy's name of the dialect.
    code
        The second item of the column's entry in a cursor's description.
    """
    if dialect == "sqlite" or code is None:
        return UNKNOWN
    if isinstance(code, int):
        return (_POSTGRESQL if dialect == "postgresql" else _MARIADB).get(code, OTHER)
    name = str(code).upper()
    if name.endswith("]"):  # a list of them
        return OTHER
    if name.startswith("TIMESTAMP"):
        return TIME
    return NUMBER if name.startswith(_DUCKDB_NUMBERS) else _DUCKDB.get(name, OTHER)
