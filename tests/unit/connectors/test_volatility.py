"""Which statements may answer differently while their data stay as they are."""

from __future__ import annotations

import pytest

from analytics_lib.connectors.statements.definitions import Definitions, is_repeatable, may_switch
from analytics_lib.connectors.statements.volatility import changing, selects, steady, switches, unknown_calls


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("select * from orders where day = current_date", "current_date"),
        ("select CURRENT_TIMESTAMP", "current_timestamp"),
        ("select now()", "now()"),
        ("select now /* a comment */ ( )", "now()"),
        ('select "now"()', "now()"),
        ("select Random() from orders", "random()"),
        ("select pg_catalog.now()", "now()"),
        ("select nextval('ids')", "nextval()"),
        ("select gen_random_uuid()", "gen_random_uuid()"),
        ("select uuid()", "uuid()"),
        ("select date('now', '-1 day')", "'now'"),
        ("select datetime( 'NOW' )", "'NOW'"),
        ("select timestamp 'now'", "'now'"),
        ("select 'today'::date", "'today'"),
        ("select date()", "date()"),
        ("select strftime('%Y')", "strftime()"),
        ("select age(born) from people", "age()"),
        ("select * from orders tablesample bernoulli (10)", "tablesample"),
        ("select * from orders using sample 10%", "a sample"),
        ("select pg_backend_pid()", "pg_backend_pid()"),
        ("select * from orders where x = (select max(y) from t where z < localtimestamp)", "localtimestamp"),
    ],
)
def test_what_changes_by_itself_is_named(query, asked):
    assert changing(query) == asked
    assert not steady(query, {})


@pytest.mark.parametrize(
    "query",
    [
        "select 'now()' as said, \"current_date\" from t -- now()",
        "select /* random() */ 1",
        "select E'\\'now()' as said",
        "select 'it''s now()' as said",
        "select $$ now() $$, $x$ random() $x$",
        "select now from orders",
        "select now.day from now",
        "select 1 as current_date",
        "select t.current_date from t",
        "select * from t where status = 'today'",
        "select date(day), strftime('%Y', day), strftime(day, '%Y') from t",
        "select age(died, born) from people",
        "select uuid('550e8400-e29b-41d4-a716-446655440000')",
        "select pg_typeof(1)",
        "select random_number, nowhere from t",
    ],
)
def test_what_only_looks_like_it_is_not(query):
    assert changing(query) == ""


def test_values_may_ask_the_clock_too():
    assert changing("select date(:day)", {"day": " now "}) == "' now '"
    assert changing("select date(:day)", {"day": ["2026-01-01", "today"]}) == "'today'"
    assert changing("select date(:day)", {"day": "2026-01-01", "who": "now and then", "n": 3}) == ""
    assert not steady("select * from t where said = :said", {"said": "now and then"})


@pytest.mark.parametrize(
    "query",
    [
        "select carrier, count(*) as n, avg(delay) filter (where delay > 0) from ops.flights group by all",
        "with a (x, y) as (select 1, 2) select x from a where (x, y) in ((1, 2))",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select * from n",
        "select cast(x as varchar(20)), x::decimal(10, 2), date_trunc('month', day) from t",
        "select row_number() over (partition by a order by b rows between 1 preceding and current row) from t",
        "select * exclude (a) replace (b + 1 as b) from t",
        "select x from (values (1), (2)) as v (x) where exists (select 1) and x not in (3)",
        "select extract(year from day), coalesce(a, b), case when (a) then (b) else (c) end from t",
        "select * from read_csv('data/*.csv')",
        "from orders",
        "(select 1) union (select 2)",
    ],
)
def test_what_is_known_to_answer_the_same(query):
    assert selects(query)
    assert unknown_calls(query) == frozenset()
    assert steady(query, {})


@pytest.mark.parametrize(
    ("query", "unknown"),
    [
        ("select cohort(day) from t", {"cohort"}),
        ('select "Cohort"(day) from t', {"cohort"}),
        ("select ops.lower(name) from t", {".lower"}),
        ("select [random](1)", {"]"}),
        ("select `random`(1)", {"`"}),
        ("select x from t where f (x) in (1)", {"f"}),
    ],
)
def test_what_is_not_known_is_not_taken_for_the_same(query, unknown):
    assert unknown_calls(query) == unknown
    assert not steady(query, {})
    assert changing(query) == ""


@pytest.mark.parametrize("query", ["explain select 1", "show tables", "describe t", "summarize t", ""])
def test_statements_that_tell_of_times_and_sessions_are_no_queries(query):
    assert not selects(query)


def test_a_function_that_leaves_the_session_changed_is_known():
    assert switches("select set_config('TimeZone', 'UTC', false)")
    assert switches("select setseed(0.5)")
    assert not switches("select 'setseed(0.5)', now()")


class TestDefinitions:
    """What stands behind the names of a query, asked for once each."""

    @pytest.fixture
    def made(self):
        """Two views, one upon the other, a macro and a program; and what was asked for."""
        known = {
            "recent": "create view recent (day) as select day from orders where day > current_date - 7",
            "weekly": "select count(*) from recent",
            "cohort": "date_trunc('month', day)",
            "noise": None,
            "large": "create view large as select * from orders",
        }
        asked = []

        def ask(names, calls):
            asked.append((set(names), set(calls)))
            return {name: text for name, text in known.items() if name in {*names, *calls}}

        return Definitions(ask), asked

    def behind(self, made, query):
        return made[0].behind(query)

    def test_views_lead_to_views(self, made):
        assert set(self.behind(made, "select * from WEEKLY")) == {"weekly", "recent"}
        assert self.behind(made, "select 1 from orders") == {}

    def test_each_name_is_asked_for_once(self, made):
        self.behind(made, "select * from weekly")
        count = len(made[1])
        self.behind(made, "select * from weekly where weekly > 1")
        self.behind(made, "select * from recent")
        assert len(made[1]) == count
        everything = [name for names, calls in made[1] for name in [*names, *calls]]
        assert sorted(set(everything)) == sorted(everything)

    def test_only_functions_that_are_not_the_engines_are_asked_for(self, made):
        self.behind(made, "select cohort(day), count(*), now() from orders")
        assert set().union(*(calls for _, calls in made[1])) == {"cohort"}

    @pytest.mark.parametrize(
        ("query", "repeats"),
        [
            ("select * from large", True),
            ("select cohort(day) from orders", True),
            ("select * from recent", False),
            ("select * from weekly", False),
            ("select noise(day) from orders", False),
            ("select other(day) from orders", False),
            ("explain select * from large", False),
        ],
    )
    def test_a_query_repeats_if_all_that_stands_behind_it_does(self, made, query, repeats):
        assert is_repeatable(query, {}, self.behind(made, query)) is repeats

    def test_where_functions_are_programs_any_may_change_the_session(self, made):
        query = "select cohort(day) from orders"
        assert may_switch(query, self.behind(made, query), has_programs=True)
        assert not may_switch(query, self.behind(made, query), has_programs=False)
        assert may_switch("select noise(1)", self.behind(made, "select noise(1)"), has_programs=False)
        assert not may_switch("select count(*) from large", {}, has_programs=True)
