"""The statement of metrics in each dialect, as it was read and found right.

A file under tests/snapshot/metrics is what a statement looks like. Where one changes on purpose, remove the file and
run the test once: it writes what it finds, and fails.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.dialects import mysql, postgresql, sqlite
from support.metered import write_files

from analytics_lib.connectors.metrics.clocks import DAY, INSTANT, TIME, clock_of
from analytics_lib.connectors.metrics.dialects import SparkDialect, text_of
from analytics_lib.connectors.metrics.rows import Scope
from analytics_lib.connectors.metrics.statement import statement
from analytics_lib.model.metrics.audiences import Audience
from analytics_lib.model.metrics.plan import make_plan
from analytics_lib.model.metrics.requests import make_request

FOLDER = Path(__file__).parents[2] / "snapshot" / "metrics"
QUARTER = {"start": "2026-01-01", "end": "2026-03-31"}
QUESTIONS = {
    "total": {"metrics": ["revenue", "order_value"], "where": {"channel": ["web", None]}},
    "by_month": {"metrics": ["revenue", "orders", "mean_amount"], "by": ["month", "channel"], **QUARTER},
    "two_models": {"metrics": ["visits_per_order", "revenue"], "by": ["week", "channel"], **QUARTER},
    "joined": {"metrics": ["units_per_order"], "by": ["customer.region"], "where": {"paid": True}},
    "open_days": {"metrics": ["visits"], "by": ["day"]},
    "median": {"metrics": ["middle"], "by": ["channel"], **QUARTER},
    "cumulative": {"metrics": ["month_to_date", "buyers_of_week"], "by": ["quarter"], **QUARTER},
    "offset": {"metrics": ["growth", "pace"], "by": ["month", "channel"], **QUARTER},
    "conversion": {"metrics": ["bought"], "by": ["channel"], **QUARTER},
    "injection": {"metrics": ["orders"], "where": {"channel": "web' or '1'='1'; drop table orders; -- \\' %"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("files"))


def dialects():
    from duckdb_sqlalchemy import Dialect

    mariadb = mysql.dialect(is_mariadb=True)
    mariadb._support_float_cast = True  # as a server says when it is asked
    return {
        "duckdb": Dialect(), "postgresql": postgresql.dialect(), "sqlite": sqlite.dialect(), "mariadb": mariadb,
        "spark": SparkDialect(),
    }  # fmt: skip


def scope(catalogue, name, request, audience=None):
    placed = {"duckdb": INSTANT, "postgresql": INSTANT, "mariadb": TIME}.get(name, "unknown")
    kinds = {} if name == "sqlite" else {"orders": {"placed": placed, "booked": DAY}, "visits": {"seen": TIME}}
    return Scope(catalogue, audience or Audience(), name, clock_of(name, request.start, request.end), kinds)


def written(catalogue, name, question, audience=None):
    request = make_request(**question)
    made = statement(scope(catalogue, name, request, audience), make_plan(catalogue, request))
    return text_of(made, dialects()[name]) + "\n"


@pytest.mark.parametrize("name", ["duckdb", "postgresql", "sqlite", "mariadb", "spark"])
@pytest.mark.parametrize("asked", QUESTIONS)
def test_statements(catalogue, name, asked):
    path = FOLDER / name / f"{asked}.sql"
    text = written(catalogue, name, QUESTIONS[asked])
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path} was not there; it is now, to be read")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["duckdb", "postgresql", "sqlite", "mariadb", "spark"])
def test_values_are_sent_apart(catalogue, name):
    """What people give stands nowhere in the statement that is run."""
    odd = "web' or '1'='1"
    request = make_request("orders", by=["channel"], where={"channel": [odd, odd + "x"], "paid": True}, **QUARTER)
    made = statement(scope(catalogue, name, request), make_plan(catalogue, request))
    text = str(made.compile(dialect=dialects()[name]))
    assert "1'='1" not in text
    assert odd in str(made.compile(dialect=dialects()[name]).params.values())


@pytest.mark.parametrize("name", ["duckdb", "postgresql", "sqlite", "mariadb", "spark"])
def test_rules_stand_in_every_part(catalogue, name):
    audience = Audience("partners", {"channel": "rule_of_partners"})
    text = written(catalogue, name, {"metrics": ["bought", "revenue_so_far"], "by": ["month"], **QUARTER}, audience)
    assert text.count("rule_of_partners") == 2
    assert text.count("FROM orders") == 2


def test_a_model_is_read_once_for_all_of_its_measures(catalogue):
    text = written(catalogue, "duckdb", {"metrics": ["revenue", "orders", "web_revenue", "order_value"], **QUARTER})
    assert text.count("FROM orders") == 1


def test_changes_of_clocks_are_written_for_the_years_asked_for(catalogue):
    text = written(catalogue, "mariadb", QUESTIONS["by_month"])
    assert text.count("'2026-03-29 01:00:00'") == text.count("'2026-10-25 01:00:00'") > 0
    assert "'2029-" not in text
