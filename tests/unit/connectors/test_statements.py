"""Statements that people write: what is a placeholder, what is one reading SELECT, what can be bound."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from analytics_lib.connectors.statements.binding import bind, placeholders, require_single_select
from analytics_lib.errors import QueryError, ReadOnlyError


def compiled(query, **values):
    """Return the text and the values that the driver gets."""
    from sqlalchemy.dialects import sqlite

    clause = bind(query, values, "shop").compile(
        dialect=sqlite.dialect(paramstyle="named"), compile_kwargs={"render_postcompile": True}
    )
    return " ".join(str(clause).split()), clause.params


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("select 1", []),
        ("select :a, :b_2, :a", ["a", "b_2"]),
        ("select (:a)", ["a"]),
        ("select :a::date, x::int, '1'::text", ["a"]),
        ("select ':a'", []),
        ("select 'it''s :a' || :b", ["b"]),
        ('select ":a" from "b"":c"', []),
        ("select 1 -- :a\n, :b", ["b"]),
        ("select 1 /* :a\n :b */ + :c", ["c"]),
        ("select $$ :a $$ || $tag$ :b $$ $tag$ || :c", ["c"]),
        ("select E'\\' :a' || :b", ["b"]),
        ("select name'\\' || :a || ''", ["a"]),
        ("select a$$ from t where x = :a and b$$ > 1", ["a"]),
        ("select arr[1:2], t[:n]", ["n"]),
        ("select '10:30'::time at time zone :zone", ["zone"]),
        ("select '{\"a\": 1}'::json ->> :key", ["key"]),
    ],
)
def test_placeholders(query, names):
    assert placeholders(query) == names
    bind(query, dict.fromkeys(names, 1), "shop")


@pytest.mark.parametrize(
    "query",
    [
        "select ':no', x::int from t",
        "select \"a:b\", 'c\\:d' from t where e = '10:30'",
        "select $$ :no $$",
        "select 'back\\slash'",
        "select arr[1:2] -- :no",
    ],
)
def test_text_without_placeholders_reaches_the_driver_as_written(query):
    assert compiled(query)[0] == query


def test_values_never_become_part_of_the_text():
    text, values = compiled("select * from t where a = :a", a="'; drop table t; --")
    assert text == "select * from t where a = :a"
    assert values == {"a": "'; drop table t; --"}


@pytest.mark.parametrize(
    "rows", [["UA", "AA"], ("UA", "AA"), pd.Series(["UA", "AA"]), np.array(["UA", "AA"]), pd.Index(["UA", "AA"])]
)
def test_lists_expand(rows):
    text, values = compiled("select * from t where c in :carriers", carriers=rows)
    assert text == "select * from t where c in (:carriers_1, :carriers_2)"
    assert list(values.values())[-2:] == ["UA", "AA"]


def test_sets_expand():
    assert compiled("select 1 where x in :xs", xs={1})[0] == "select 1 where x in (:xs_1)"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (pd.NaT, None),
        (pd.NA, None),
        (True, True),
        (np.bool_(True), True),
        (np.int64(7), 7),
        (np.float32(0.5), 0.5),
        (np.str_("a"), "a"),
        (np.datetime64("2026-01-31T06:00", "us"), datetime(2026, 1, 31, 6)),  # noqa: DTZ001 - it has no zone
        (pd.Timestamp("2026-01-31T06:00Z"), datetime(2026, 1, 31, 6, tzinfo=UTC)),
        (date(2026, 1, 31), date(2026, 1, 31)),
        (time(6, 30), time(6, 30)),
        (timedelta(hours=1), timedelta(hours=1)),
        (Decimal("1.10"), Decimal("1.10")),
        (UUID(int=1), UUID(int=1)),
        (b"\x00", b"\x00"),
    ],
)
def test_scalars_become_plain(value, plain):
    found = compiled("select :x", x=value)[1]["x"]
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize("value", [{"a": 1}, object(), lambda: 1, pd.DataFrame({"a": [1]}), [{"a": 1}]])
def test_what_cannot_be_bound(value):
    with pytest.raises(QueryError, match="the value given for :x is of type"):
        bind("select :x", {"x": value}, "shop")


def test_an_empty_list():
    with pytest.raises(QueryError, match="the list given for :x is empty"):
        bind("select 1 where a in :x", {"x": []}, "shop")


def test_a_missing_value():
    with pytest.raises(QueryError) as caught:
        bind("select :carrier", {}, "shop")
    assert str(caught.value) == ("connection 'shop': the query names :carrier, but no value was given; pass carrier=…")


@pytest.mark.parametrize(
    ("query", "hint"), [("select :carrier", "did you mean 'carrier'?"), ("select 1", "write :carier where it belongs")]
)
def test_a_value_that_is_not_named(query, hint):
    values = {"carrier": 1, "carier": 1} if ":" in query else {"carier": 1}
    with pytest.raises(QueryError) as caught:
        bind(query, values, "shop")
    assert caught.value.hint == hint


READING = [
    "select 1",
    "  SELECT 1 ;\n; ",
    "-- why\nselect 1",
    "/* why */ select 1",
    "(select 1) union (select 2)",
    "((select 1))",
    "with a as (select 1) select * from a",
    "values (1), (2)",
    "from flights",
    "table flights",
    "explain select 1",
    "select ';'",
    "select 1 /* ; */ -- ; drop table t",
    'select 1 as "a;b"',
    "select $$;$$, $x$ ; $$ ; $x$",
    "select E'\\';' || 'a'",
]


@pytest.mark.parametrize("query", READING)
def test_reading_statements_pass(query):
    require_single_select(query, "shop")


WRITING = [
    "insert into t values (1)",
    "UPDATE t set a = 1",
    "delete from t",
    "drop table t",
    "create table t (a int)",
    "copy t to 'file.csv'",
    "pragma query_only = off",
    "set transaction read write",
    "attach 'x.db'",
    "install httpfs",
    "load httpfs",
    "call pragma_version()",
    "/* select */ insert into t values (1)",
    "-- select\ndrop table t",
    "(insert into t values (1))",
    "begin",
    "vacuum",
    "$$select$$",
    "'select'",
]


@pytest.mark.parametrize("query", WRITING)
def test_writing_statements_do_not(query):
    with pytest.raises(ReadOnlyError) as caught:
        require_single_select(query, "shop")
    assert caught.value.where == "connection 'shop'"


SEVERAL = [
    "select 1; drop table t",
    "select 1;; select 2",
    "select ';'; drop table t; --'",
    "select 1 -- ;\n; drop table t",
    "select 1 /* */ ; drop table t /* */",
    # The string ends at the third quote, whatever the backslash looks like.
    "select E'\\''; drop table t; select '",
    "select '\\'; drop table t; select '",
    # A dollar within a name quotes nothing.
    "select 1 as a$$; drop table t; select 2 as b$$",
    "select $1$; drop table t; select $1$",
]


@pytest.mark.parametrize("query", SEVERAL)
def test_one_statement_alone(query):
    with pytest.raises(QueryError, match="more than one statement"):
        require_single_select(query, "shop")


def test_comments_within_comments_hide_what_comes_after():
    with pytest.raises(QueryError, match="comment within a comment"):
        require_single_select("select 1 /* /* */ ' */ ; drop table t; -- '", "shop")


@pytest.mark.parametrize("query", ["", "  ;  ", "-- nothing", "/* nothing */"])
def test_an_empty_query(query):
    with pytest.raises(QueryError, match="the query is empty"):
        require_single_select(query, "shop")
