"""Answers as frames: the same types from every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics_lib.model.metrics.joins import Field
    from analytics_lib.model.metrics.plan import Plan


class MetricFrame(pd.DataFrame):
    """The rows of an answer, with the statement that they come from.

    What is made of it, by slicing or adding columns, is a plain DataFrame.
    """

    @property
    def sql(self) -> str:
        """The statement, its values written out."""
        shown = self.__dict__.get("_shown")
        return shown() if shown is not None else ""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame


def with_sql(frame: pd.DataFrame, shown: Callable[[], str]) -> MetricFrame:
    """Return a frame that shows its statement as ``.sql``."""
    answer = MetricFrame(frame)
    object.__setattr__(answer, "_shown", shown)
    return answer


def typed(frame: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return a frame whose columns have the same types whatever the engine.

    Days and times become ``datetime64[us]``, counts ``int64``, other metrics ``float64``, booleans ``boolean``.
    """
    leaf = plan.leaves[0]
    kinds: dict[str, Field] = dict(zip(plan.request.dimensions, leaf.by, strict=True))
    columns: dict[str, pd.Series] = {}
    for place, name in enumerate(plan.request.by):
        column = frame.iloc[:, place]
        field = kinds.get(name)
        if field is None or field.dimension.type == "time":
            column = _times(column)
        elif field.dimension.type == "boolean":
            column = column.map(lambda value: None if pd.isna(value) else bool(value)).astype("boolean")
        columns[name] = column
    for place, name in enumerate(plan.formulas, start=len(plan.request.by)):
        numbers = frame.iloc[:, place]
        columns[name] = numbers.astype("int64") if name in plan.counts else numbers.astype("float64")
    return pd.DataFrame(columns)


def _times(column: pd.Series) -> pd.Series:
    if column.dtype.kind == "M":  # DuckDB's own
        return column.astype("datetime64[us]")
    times = pd.to_datetime(column, utc=_is_zoned(column))
    return (times.dt.tz_localize(None) if times.dt.tz is not None else times).astype("datetime64[us]")


def _is_zoned(column: pd.Series) -> bool:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return True
    there = column.dropna()
    return bool(len(there)) and getattr(there.iloc[0], "tzinfo", None) is not None
