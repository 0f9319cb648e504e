"""The statement of moments in each dialect, as it was read and found right.

A file under tests/snapshot/moments is what a statement looks like. Where one changes on purpose, remove the file and
run the test once: it writes what it finds, and fails.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite

from analytics_lib.connectors.moments.grouping import Source
from analytics_lib.connectors.moments.kinds import BOOLEAN, NUMBER, OTHER, TIME, UNKNOWN, kind_of
from analytics_lib.connectors.moments.orderstatistics import statement as quantile_statement
from analytics_lib.connectors.moments.statements import SHIFTED, form_of, statement
from analytics_lib.connectors.statements.binding import inner
from analytics_lib.model.aggregation import MomentRequest, QuantileRequest

FOLDER = Path(__file__).parents[2] / "snapshot" / "moments"
KINDS = {
    "variant": OTHER, "seen": TIME, "country": OTHER, "tier": NUMBER, "village": NUMBER, "orders": NUMBER,
    "before": NUMBER, "paid": BOOLEAN,
}  # fmt: skip
PLAIN = MomentRequest("variant", ("orders", "before", "paid"), (("orders", "before"),), extremes=("orders",))
SEGMENTS = MomentRequest("variant", ("orders", "paid"), by=("seen",), segments=("country", "tier"))
CLUSTERS = MomentRequest("variant", ("orders",), segments=("country",), cluster="village")
WHOLE = MomentRequest(None, ("orders", "before"), pairs=(("orders", "before"),))
COUNTED = MomentRequest("variant", (), by=("day",))
REQUESTS = {"plain": PLAIN, "segments": SEGMENTS, "clusters": CLUSTERS, "whole": WHOLE, "counted": COUNTED}


def dialects():
    from duckdb_sqlalchemy import Dialect

    mariadb = mysql.dialect(is_mariadb=True)
    mariadb._support_float_cast = True  # as a server says when it is asked
    return {
        "duckdb": Dialect(), "postgresql": postgresql.dialect(), "sqlite": sqlite.dialect(),
        "mariadb": mariadb,
    }  # fmt: skip


def source(name, *, is_table=True):
    kinds = dict.fromkeys(KINDS, UNKNOWN) if name == "sqlite" else KINDS
    return Source(sa.table("trial", schema="lab"), kinds, name, is_table, "lab.trial")


def written(statement, name):
    return str(statement.compile(dialect=dialects()[name], compile_kwargs={"literal_binds": True})) + "\n"


@pytest.mark.parametrize("name", ["duckdb", "postgresql", "sqlite", "mariadb"])
@pytest.mark.parametrize("asked", [*REQUESTS, "shifted", "quantile"])
def test_statements(name, asked):
    rows = source(name)
    if asked == "quantile":
        found = quantile_statement(rows, SEGMENTS, QuantileRequest("orders", 0.9))
    elif asked == "shifted":
        found = statement(rows, PLAIN, SHIFTED)
    else:
        found = statement(rows, REQUESTS[asked], form_of(rows, REQUESTS[asked]))
    path = FOLDER / name / f"{asked}.sql"
    text = written(found, name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path} was not there; it is now, to be read")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "request_", "is_table", "form"),
    [
        ("duckdb", PLAIN, True, "sums"),
        ("duckdb", PLAIN, False, "plain"),
        ("duckdb", SEGMENTS, True, "plain"),
        ("postgresql", PLAIN, True, "plain"),
        ("sqlite", PLAIN, True, "twice"),
        ("mariadb", CLUSTERS, True, "twice"),
    ],
)
def test_the_form_suits_the_engine(name, request_, is_table, form):
    assert form_of(source(name, is_table=is_table), request_) == form


def test_all_segments_are_one_pass_where_the_engine_can():
    text = written(statement(source("duckdb"), SEGMENTS, "plain"), "duckdb")
    assert text.count("FROM lab.trial") == 1
    assert "GROUPING SETS((moved.k0, moved.k1, moved.s0), (moved.k0, moved.k1, moved.s1))" in text


def test_names_are_quoted():
    rows = Source(sa.table('odd "name"'), {}, "duckdb", True, "odd")
    request = MomentRequest('a"; drop table x; --', ("Sum Of It",))
    text = written(statement(rows, request, "plain"), "duckdb")
    assert '"a""; drop table x; --" AS k0' in text
    assert 'CAST("Sum Of It" AS DOUBLE PRECISION)' in text
    assert 'FROM "odd ""name"""' in text


@pytest.mark.parametrize(
    ("dialect", "code", "kind"),
    [
        ("duckdb", "DECIMAL(18,3)", NUMBER),
        ("duckdb", "BOOLEAN", BOOLEAN),
        ("duckdb", "TIMESTAMP WITH TIME ZONE", TIME),
        ("duckdb", "ENUM('a', 'b')", OTHER),
        ("duckdb", "BIGINT[]", OTHER),
        ("postgresql", 16, BOOLEAN),
        ("postgresql", 1184, TIME),
        ("postgresql", 25, OTHER),
        ("mariadb", 246, NUMBER),
        ("mysql", 253, OTHER),
        ("sqlite", None, UNKNOWN),
    ],
)
def test_kinds_of_columns(dialect, code, kind):
    assert kind_of(dialect, code) == kind


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("select 1;", "\nselect 1 \n"),
        ("select ';' as x; -- a;b", "\nselect ';' as x  -- a;b\n"),
        ("select 1 /* ; */ ;\n", "\nselect 1 /* ; */  \n\n"),
    ],
)
def test_a_query_in_brackets(query, kept):
    assert inner(query) == kept
