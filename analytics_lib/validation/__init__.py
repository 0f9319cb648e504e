"""Great Expectations suites on tables and frames.

A suite is Great Expectations' own JSON file, ``expectations/NAME.json``. On a table it is computed in the database,
through a read-only engine; on a frame, in pandas. Great Expectations takes seconds to import, so it is loaded by the
first check and not by this package.
"""

from __future__ import annotations

from analytics_lib.validation.checks import check_frame, check_table
from analytics_lib.validation.suites import Suite, load_suite

__all__ = ["Suite", "check_frame", "check_table", "load_suite"]
