"""What is kept of a look is plain JSON, and comes back as it was."""

from __future__ import annotations

import json
import math

import numpy as np
from support.experiments import visitors

from analytics_lib.experiments import Mean, analyze
from analytics_lib.model.decisions import Decision, Finding
from analytics_lib.model.plain import numbers, plain
from analytics_lib.pipeline.storing import data_of, moments_of


def test_numbers_survive():
    values = [1.5, math.inf, -math.inf, math.nan, 3]
    back = numbers(json.loads(json.dumps(plain(values), allow_nan=False)))
    assert np.array_equal(back, np.array(values, dtype=float), equal_nan=True)


def test_moments_survive_and_are_computed_with_anew():
    results = analyze(
        visitors(),
        {"orders": Mean("orders", "before"), "sessions": Mean("sessions")},
        by_day="day",
        segments=["country"],
    )
    data = json.loads(
        json.dumps(data_of(results, (Finding("x", "error", "s", "a"),), Decision("ship", "r")), allow_nan=False)
    )
    table = moments_of(data)
    assert set(table.labels) == {"variant", "day"}
    roles = {"y": "orders", "x": "before"}
    back = table.rollup(keep=("variant",)).where(variant="one_step").moments(0, roles)
    answer = results.answer.table.where(segment="").rollup(keep=("variant",)).where(variant="one_step")
    assert back == answer.moments(0, roles)
    assert data["history"]["day"][0] == "2026-03-01"
    assert len(data["results"]["metric"]) == 2 * 3
    assert [each["severity"] for each in data["findings"]] == ["error"]
