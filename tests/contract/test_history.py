"""Planning from history: every engine and frame gives the same numbers, and no row leaves a database."""

from __future__ import annotations

import pytest
from support.trial import arrow, database, make_trial

from analytics_lib.errors import InputError
from analytics_lib.experiments import GroupSequential, Mean, Proportion, Ratio, plan_from

FRAME = make_trial()
METRICS = {
    "orders": Mean("orders", covariate=["balance", "price"]),
    "paid": Proportion("paid"),
    "pace": Ratio("balance", "price", "orders"),
}
ENGINES = ["duckdb", "sqlite", *(pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb"))]
ASKED = [
    {"unit": "unit"},
    {"day": "day", "unit": "unit"},
    {"day": "seen", "metrics": {"level": Mean("level")}},
    {"day": "seen", "plan": GroupSequential(4)},
    {"cluster": "village", "variants": {"a": 2, "b": 1}},
]


@pytest.fixture(scope="module", params=["arrow", *ENGINES])
def source(request, tmp_path_factory, services):
    if request.param == "arrow":
        yield arrow(FRAME)
        return
    with database(request.param, tmp_path_factory.mktemp("lab"), services, FRAME) as connection:
        yield connection.table("trial")


@pytest.mark.parametrize("asked", ASKED, ids="+".join)
def test_the_same_numbers_from_all(source, asked):
    asked = {"metrics": METRICS, "mde": 0.1} | asked
    found, wanted = plan_from(source, **asked), plan_from(FRAME, **asked)
    assert list(found.rows) == list(wanted.rows)
    for name, values in wanted.rows.items():
        exact = {"metric", "note", "planned_units"}
        same = values if name in exact else pytest.approx(values, rel=1e-6, nan_ok=True)
        assert found.rows[name] == same, name
    assert (found.units_per_day, found.history.days) == (wanted.units_per_day, wanted.history.days)


def test_no_row_leaves_the_database(source, monkeypatch):
    if not hasattr(source, "to_frame"):
        pytest.skip("a table of the process itself has nowhere to leave")
    asked = []
    run = source._connection.run

    def watched(statement, query, values, read=None):
        answer = run(statement, query, values, read)
        asked.append(answer)
        return answer

    monkeypatch.setattr(source._connection, "run", watched)
    source.__dict__.pop("_source", None)
    plan_from(source, METRICS, mde=0.1, day="day")
    _, found = asked  # what the columns are, then one statement
    assert len(found["n"]) == 4  # a row a day


def test_nothing_is_there(source):
    if not hasattr(source, "to_frame"):
        pytest.skip("a frame without rows has its own test")
    empty = source._connection.query("select * from trial where 1 = 0")
    for more in ({}, {"day": "day"}, {"cluster": "village"}):
        with pytest.raises(InputError, match="there are no rows"):
            plan_from(empty, [Mean("orders")], mde=0.1, **more)


def test_a_unit_twice(source):
    with pytest.raises(InputError, match="units stand in the history twice: 25 units have 400 rows"):
        plan_from(source, [Mean("orders")], mde=0.1, unit="village")


def test_clusters_of_values_far_from_zero(source):
    """The difference between clusters, a few units among 10⁹, is not told; nor is it made up."""
    far = {"level": Mean("level"), "orders": Mean("orders")}
    found = plan_from(source, far, mde=0.1, cluster="village").to_frame()
    assert "lost in rounding: take a constant near its mean from it" in found["note"][0]
    assert found["units_needed"].isna().tolist() == [True, False]
