"""How rows become groups: one prepared subquery, and a grouping by the same keys for each segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.moments.kinds import BOOLEAN, DAY, OTHER, TIME, UNKNOWN
from analytics_lib.errors import InputError
from analytics_lib.model.aggregation import SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, CompoundSelect, FromClause, Select

    from analytics_lib.model.aggregation import MomentRequest

    Column = ColumnElement[Any]
    Statement = Select[Any] | CompoundSelect[Any]
    Found = Mapping[str, Sequence[Any]]
    """A result: column → its values."""

_A_DAY: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"


@dataclass(frozen=True)
class Source:
    """Rows to be read, and what is known of their columns.

    Parameters
    ----------
    rows
        A table, or a query in brackets.
    kinds
        Column → what it holds.
    dialect
        SQLAlchemy's name of the dialect.
    is_table
        Whether reading the rows twice costs little more than reading them once.
    where
        Its name, for errors.
    """

    rows: FromClause
    kinds: Mapping[str, str]
    dialect: str
    is_table: bool
    where: str

    @property
    def has_covariance(self) -> bool:
        """Whether the engine has VAR_SAMP, COVAR_SAMP and GROUPING SETS."""
        return self.dialect in {"duckdb", "postgresql"}


def prepared(source: Source, request: MomentRequest, measured: Sequence[str]) -> Any:
    """Return the needed columns under short names: keys k0, k1, …; segments s0, …; numbers x0, …; cluster c.

    Raises
    ------
    InputError
        A column that is to be measured holds no numbers.
    """
    import sqlalchemy as sa

    column: dict[str, Column] = {name: sa.column(name) for name in request.needed}
    by = {*request.by}
    picked: list[Column] = []
    for at, name in enumerate(request.keys):
        picked.append((label_column(source, name) if name in by else column[name]).label(f"k{at}"))
    picked += [column[name].label(f"s{at}") for at, name in enumerate(request.segments)]
    places = [(name, at) for at, name in enumerate(request.measured) if name in measured and name != SIZE]
    picked += [_number(source, name).label(f"x{at}") for name, at in places]
    if source.dialect == "sqlite":  # a value that is no number would be read as 0
        picked += [
            sa.case((sa.func.typeof(column[name]).in_(["text", "blob"]), 1), else_=0).label(f"t{at}")
            for name, at in places
        ]
    if request.cluster is not None:
        picked.append(column[request.cluster].label("c"))
    return sa.select(*picked).select_from(source.rows)


def keys_of(rows: FromClause, request: MomentRequest, segment: str) -> list[Column]:
    """Return the columns that a grouping has: the keys and its segment."""
    keys: list[Column] = [rows.c[f"k{at}"] for at in range(len(request.keys))]
    return keys if segment == "" else [*keys, rows.c[f"s{request.segments.index(segment)}"]]


def blanks(units: FromClause, request: MomentRequest) -> list[Column]:
    """Return a missing value of each segment's type: a plain NULL would be text where results are put together."""
    import sqlalchemy as sa

    columns = [units.c[f"s{at}"] for at in range(len(request.segments))]
    return [sa.select(column).where(sa.false()).scalar_subquery().label(column.name) for column in columns]


def shown_keys(rows: FromClause, request: MomentRequest, segment: str, blank: Sequence[Column]) -> list[Column]:
    """Return what each grouping shows, so that all have the same columns: its number, the keys, all segments."""
    import sqlalchemy as sa

    number: Column = sa.literal_column(str(request.segments.index(segment) if segment else -1)).label("grouping")
    segments = [rows.c[f"s{at}"] if name == segment else blank[at] for at, name in enumerate(request.segments)]
    return [number, *keys_of(rows, request, ""), *segments]


def keys_found(request: MomentRequest, found: Found) -> list[tuple[str, tuple[Any, ...], Any]]:
    """Return the keys in a statement's result, as `model.answers` takes them."""
    numbers = [int(number) for number in found["grouping"]]
    keys = [found[f"k{at}"] for at in range(len(request.keys))]
    values = list(zip(*keys, strict=True)) if keys else [()] * len(numbers)
    return [
        ("", values[row], None) if at < 0 else (request.segments[at], values[row], found[f"s{at}"][row])
        for row, at in enumerate(numbers)
    ]


def label_column(source: Source, name: str) -> Column:
    """Return a label whose times are cut to days."""
    import sqlalchemy as sa

    column: Column = sa.column(name)
    kind = source.kinds.get(name, UNKNOWN)
    if kind == TIME:
        return sa.cast(column, sa.Date)
    if source.dialect != "sqlite":
        return column
    is_day = sa.and_(sa.func.typeof(column) == "text", column.op("GLOB")(_A_DAY))
    return sa.case((is_day, sa.func.substr(column, 1, 10)), else_=column)


def _number(source: Source, name: str) -> Column:
    import sqlalchemy as sa

    column: Column = sa.column(name)
    kind = source.kinds.get(name, UNKNOWN)
    if kind in {OTHER, TIME, DAY}:
        raise InputError(f"column '{name}' holds {kind}, no numbers", where=source.where, hint="cast it in a query")
    if kind == BOOLEAN and source.dialect == "postgresql":  # which has no way from a boolean to a float
        column = sa.cast(column, sa.Integer)
    return sa.cast(column, sa.Double)
