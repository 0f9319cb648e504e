"""Great Expectations on a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_lib.validation.optional import without_clients

with without_clients():
    from great_expectations.core.batch import Batch
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine

if TYPE_CHECKING:
    import pandas as pd


def batch(frame: pd.DataFrame) -> tuple[PandasExecutionEngine, Batch]:
    """Return an engine and its batch for a frame.

    The rows are numbered anew, because Great Expectations looks up failing rows by their label, which need not be
    unique; columns go by text, as a suite names them.
    """
    numbered = frame.reset_index(drop=True).set_axis([str(name) for name in frame.columns], axis="columns")
    return PandasExecutionEngine(), Batch(data=numbered)  # type: ignore[arg-type] # its annotation says a class of data
