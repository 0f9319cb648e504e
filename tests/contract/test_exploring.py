"""Views of the metric model in every engine: answered beside the reader, and shown with the statement that was run."""

from __future__ import annotations

import pytest
from support.metered import business, make_business

from analytics_lib.exploring import ExplorableMetrics, make_view
from analytics_lib.exploring.answers import find_answer

PATIENCE = 60
SERVERS = [pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb")]


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def metrics(request, tmp_path_factory, services):
    """One engine after the other."""
    with business(request.param, tmp_path_factory.mktemp("lab"), services, make_business()) as made:
        asked = made()
        yield ExplorableMetrics(asked._catalogue, asked._connect)


@pytest.mark.filterwarnings("error")  # SQLAlchemy's, of a database that it does not know the version of
def test_the_statement_with_its_values_apart_gives_the_same_rows(metrics):
    view = make_view(
        "revenue", ["month", "channel"], {"channel": {"not": ["web", "50% off"]}}, ("2026-01-01", "2026-03-31")
    )
    answer = find_answer(metrics, view)
    assert answer.fault is None
    assert not answer.frame.empty
    statement = metrics.statement(view)
    assert "50% off" not in statement.text
    assert "%%" not in statement.text
    connection = metrics.connection(next(iter(metrics._connections)))
    rows = connection.sql(statement.text, **statement.values)
    assert rows["revenue"].astype(float).tolist() == pytest.approx(answer.frame["revenue"].tolist())


def test_a_choice_is_answered_in_a_thread_of_its_own(metrics):
    explorer = metrics.explore("revenue")
    explorer._told.list.value = "channel"
    explorer._told.add.click()
    assert explorer.wait(PATIENCE)
    assert explorer.frame.equals(metrics.query("revenue", by=["channel"]))
    explorer._filters.dimension.value = "channel"
    assert explorer.wait(PATIENCE)
    assert "web" in explorer._filters._values
