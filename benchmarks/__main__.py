"""All benchmarks in one run, as one table.

    python benchmarks [--quick] [--runs 5] [--sets 100] [--sample 10] > table.md

What is under way is said on standard error.
"""

from __future__ import annotations

import apps
import connections
import experiments_speed
import fan_out
import measuring
import memory
import one_report
import overhead
import unchanged

import experiments
import metrics

measuring.main(
    __doc__,
    one_report.measure,
    fan_out.measure,
    overhead.measure,
    apps.measure,
    memory.measure,
    unchanged.measure,
    one_report.measure_airline,
    connections.measure,
    experiments_speed.measure,
    experiments.measure,
    metrics.measure,
)
