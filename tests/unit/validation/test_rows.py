from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from analytics_lib.model.checks import MAX_FAILING_ROWS
from analytics_lib.validation.rows import first_rows, plain

KEY = UUID("12345678123456781234567812345678")


@pytest.mark.parametrize(
    ("value", "ready"),
    [
        (None, None), (True, True), (3, 3), (2.5, 2.5), ("x", "x"),
        (float("nan"), None), (float("inf"), "inf"), (pd.NaT, None), (pd.NA, None), (np.float64("nan"), None),
        (np.int64(3), 3), (np.bool_(True), True), (np.str_("x"), "x"), (np.array([1, 2]), [1, 2]), (np.array(5), 5),
        (Decimal("2.00"), 2), (Decimal("2.25"), 2.25), (Decimal("NaN"), None), (Decimal("Infinity"), "inf"),
        (date(2013, 1, 1), "2013-01-01"), (time(9, 30), "09:30:00"),
        (datetime(2013, 1, 1, 9, tzinfo=UTC), "2013-01-01T09:00:00+00:00"),
        (pd.Timestamp("2013-01-01 09:00"), "2013-01-01T09:00:00"), (timedelta(hours=1), "1:00:00"),
        (b"\x00\xff", "00ff"), (memoryview(b"\x01"), "01"), (KEY, str(KEY)),
        ({1: (2, float("nan"))}, {"1": [2, None]}), ([], []),
    ],
)  # fmt: skip
def test_a_value_is_ready_for_json(value, ready):
    assert plain(value) == ready
    assert type(plain(value)) is type(ready)
    json.dumps(plain(value), allow_nan=False)


def test_rows_are_cut_and_their_names_are_text():
    rows = first_rows({0: number} for number in range(100))
    assert len(rows) == MAX_FAILING_ROWS
    assert rows[0] == {"0": 0}
