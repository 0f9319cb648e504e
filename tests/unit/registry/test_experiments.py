"""The register of experiments: its lifecycle, its search, and a state database of before there were experiments."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from analytics_lib.errors import ExperimentError
from analytics_lib.registry import Look, NewExperiment, database, open_experiments, open_registry
from analytics_lib.registry.experiments import NEXT, STATUSES

LONG = "a_variant_with_a_long_name" * 10
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def registry(request, url, services):
    if request.param == "sqlite":
        registry = open_experiments(url)
        yield registry
        registry.close()
        return
    server = create_engine(services.postgresql().replace("postgresql:", "postgresql+psycopg:"))
    schema = f"experiments_{uuid.uuid4().hex[:10]}"
    with server.begin() as connection:
        connection.execute(text(f"create schema {schema}"))
    registry = open_experiments(f"{services.postgresql()}?options=-csearch_path%3D{schema}")
    yield registry
    registry.close()
    with server.begin() as connection:
        connection.execute(text(f"drop schema {schema} cascade"))
    server.dispose()


@pytest.fixture
def add(registry):
    def add(name="checkout", **more):
        values = {
            "name": name, "title": "One step", "owner": "Ann", "tags": ("web",), "start": date(2026, 3, 1),
            "end": date(2026, 3, 14), "definition": {"hypothesis": "Fewer steps", "metrics": {"orders": {}}},
        }  # fmt: skip
        return registry.add(NewExperiment(**{**values, **more}), who="ann", at=NOON, why="registered")

    return add


def take(registry, name, after, **more):
    return registry.step(name, after, **{"who": "ann", "at": NOON, "why": "because", **more})


def test_what_is_added_comes_back(registry, add):
    added = add()
    assert registry.get("checkout") == added
    assert (added.status, added.decision, added.registered_at, added.tags) == ("draft", None, NOON, ("web",))
    (step,) = registry.steps("checkout")
    assert (step.who, step.at, step.why, step.before, step.after) == ("ann", NOON, "registered", None, "draft")


def test_an_experiment_that_exists(registry, add):
    add()
    with pytest.raises(ExperimentError, match="there is an experiment 'checkout' already"):
        add(title="another")
    with pytest.raises(ExperimentError, match="there is an experiment 'checkout' already"):
        registry.require_new("checkout")
    registry.require_new("prices")
    assert registry.get("checkout").title == "One step"
    assert len(registry.steps("checkout")) == 1


def test_a_whole_life(registry, add):
    add()
    for at, after in enumerate(("running", "stopped"), 1):
        take(registry, "checkout", after, at=NOON + timedelta(days=at), why=f"to be {after}")
    decided = take(registry, "checkout", "decided", decision=f"ship {LONG}")
    assert (decided.status, decided.decision) == ("decided", f"ship {LONG}")
    steps = registry.steps("checkout")
    assert [(step.before, step.after) for step in steps] == [
        (None, "draft"), ("draft", "running"), ("running", "stopped"), ("stopped", "decided"),
    ]  # fmt: skip
    assert (steps[2].at, steps[2].why, steps[3].decision) == (
        NOON + timedelta(days=2),
        "to be stopped",
        f"ship {LONG}",
    )


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_steps_that_are_not_the_next_are_refused(registry, add, status, after):
    add()
    while registry.get("checkout").status != status:
        take(registry, "checkout", NEXT[registry.get("checkout").status])
    before = registry.steps("checkout")
    if NEXT.get(status) == after:
        take(registry, "checkout", after)
        return
    with pytest.raises(ExperimentError, match=f"the experiment is {status}"):
        take(registry, "checkout", after)
    assert registry.get("checkout").status == status
    assert registry.steps("checkout") == before


def test_an_experiment_that_is_not_there(registry, add):
    with pytest.raises(ExperimentError, match=r"no experiment 'x'; register one"):
        registry.get("x")
    add()
    for ask in (
        lambda: registry.get("chekout"),
        lambda: take(registry, "chekout", "running"),
        lambda: registry.add_look("chekout", Look("ann", NOON, None, {})),
    ):
        with pytest.raises(ExperimentError, match=r"no experiment 'chekout'; did you mean 'checkout'\?"):
            ask()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["late", "checkout", "prices"]),
        ({"search": "STEP one"}, ["late", "checkout"]),
        ({"search": "fewer"}, ["late", "checkout", "prices"]),
        ({"search": "orders web"}, ["late", "checkout"]),
        ({"search": "nowhere"}, []),
        ({"status": "running"}, ["prices"]),
        ({"owner": "BO"}, ["prices"]),
        ({"owner": "%"}, []),
        ({"tag": "web"}, ["late", "checkout"]),
        ({"tag": "we"}, []),
    ],
)
def test_search(registry, add, asked, found):
    add()
    add("prices", title="Prices", owner="Bob", tags=())
    add("late", start=date(2026, 4, 1))
    take(registry, "prices", "running")
    assert [each.name for each in registry.find(**asked)] == found


def test_a_status_that_does_not_exist(registry):
    with pytest.raises(ExperimentError, match=r"no status 'runing'; did you mean 'running'\?"):
        registry.find(status="runing")


def test_every_look_is_kept(registry, add):
    add()
    for at in range(3):
        registry.add_look("checkout", Look("ann", NOON + timedelta(days=at), "keep going", {"units": at}))
    looks = registry.looks("checkout")
    assert [look.data["units"] for look in looks] == [0, 1, 2]
    assert looks[1] == Look("ann", NOON + timedelta(days=1), "keep going", {"units": 1})
    assert [look.data["units"] for look in registry.looks("checkout", newest=1)] == [2]
    assert registry.looks("other") == []
    add("prices")
    registry.add_look("checkout", Look("ann", NOON, "ship", {}))
    assert registry.verdicts() == {"checkout": "ship"}


def test_a_state_database_of_before_is_kept(url, tmp_path):
    """What versions and pages held under the first schema is there under the second."""
    (tmp_path / "state").mkdir()
    engine = create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(database._MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "insert into versions values (7, 'sales', 'north', 1, 'k', 'b', '{}', '{}', '{}', 'passed', 'f',"
                " '2026-01-31 06:00:00', 1.5)"
            )
        )
        connection.execute(text("insert into pages (report, page, version) values ('sales', 'north', 7)"))
        assert not inspect(connection).has_table("experiments")
    engine.dispose()
    register = open_experiments(url)
    assert register.find() == []
    register.close()
    pages = open_registry(url)
    assert pages.pages("sales")[0].version.id == 7
    pages.close()


def test_a_mark_changes_with_each_step_and_look_and_with_nothing_else(registry, add):
    add()
    add("prices")
    marks = [registry.marks()]
    assert marks[0]["checkout"] != marks[0]["prices"]
    take(registry, "checkout", "running")
    marks.append(registry.marks())
    registry.add_look("checkout", Look("ann", NOON, "keep going", {"a": 1}))
    marks.append(registry.marks())
    assert len({each["checkout"] for each in marks}) == 3
    assert len({each["prices"] for each in marks}) == 1
    assert registry.marks() == marks[-1]


def test_looks_can_be_told_without_what_was_seen(registry, add):
    add()
    for verdict in ("keep going", "ship"):
        registry.add_look("checkout", Look("ann", NOON, verdict, {"results": [1, 2]}))
    looks = registry.looks("checkout", data=False)
    assert [(look.verdict, look.at, look.data) for look in looks] == [("keep going", NOON, {}), ("ship", NOON, {})]
    assert registry.looks("checkout", newest=1)[0].data == {"results": [1, 2]}
