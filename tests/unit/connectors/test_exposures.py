"""The statements about exposures in each dialect, as they were read and found right.

Where one changes on purpose, remove its file under tests/snapshot/exposures and run the test once.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from duckdb_sqlalchemy import Dialect
from sqlalchemy.dialects import mysql, postgresql, sqlite

from analytics_lib.connectors.moments.exposing import counts_statement, units_statement
from analytics_lib.connectors.moments.exposures import Exposed
from analytics_lib.model.experiment_parts import Exposures, Facts

FOLDER = Path(__file__).parents[2] / "snapshot" / "exposures"
DIALECTS = {
    "duckdb": Dialect(), "postgresql": postgresql.dialect(), "sqlite": sqlite.dialect(),
    "mariadb": mysql.dialect(is_mariadb=True),
}  # fmt: skip
SEEN = Exposures(table="ops.seen", unit="user_id", time="at", variant="arm", where={"experiment": "checkout"})
COLUMNS = {
    "orders": {"take": "count"},
    "revenue": {"take": "sum", "column": "amount"},
    "revenue_before": {"take": "sum", "column": "amount", "when": "before"},
}
SOLD = Facts.model_validate({"table": "ops.orders", "unit": "user", "time": "order", "columns": COLUMNS})
DAYS = (date(2026, 3, 1), date(2026, 3, 28))
TABLES = Exposed(SEEN, [SOLD], DAYS)
WINDOWS = Exposed(SEEN, [SOLD.model_copy(update={"window": 7, "lookback": 30})], DAYS, ("country", "shop"))


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("what", ["units", "counts", "windows", "young"])
def test_statements(name, what):
    tables = TABLES if what in {"units", "counts"} else WINDOWS
    statement = (units_statement if what in {"units", "windows"} else counts_statement)(tables, name)
    text = f"{statement.compile(dialect=DIALECTS[name])}\n"
    path = FOLDER / name / f"{what}.sql"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path} was not there; it is now, to be read")
    assert text == path.read_text(encoding="utf-8")


def test_facts_before_the_experiment_are_read_only_where_a_covariate_needs_them():
    own = Facts.model_validate({"table": "sold", "unit": "u", "time": "t", "columns": {"orders": {"take": "count"}}})
    text = str(units_statement(Exposed(SEEN, [own], DAYS), "duckdb"))
    assert "WHERE t < " in text.replace("\n", " ")
    assert text.count("t >= ") == 3  # of exposures, of facts from the first day on, of facts since a unit's exposure
