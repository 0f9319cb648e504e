"""How many notebooks run at a time where nobody says: as many as there are processors for this process."""

from __future__ import annotations

import os

import pytest

from analytics_lib.workspace.processors import usable_processors

MANY = 64


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of many processors; the process is in the control group ``/site/job``, whose limits the test writes."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(MANY)), raising=False)
    (tmp_path / "own").write_text("0::/site/job\n")
    (tmp_path / "groups/site/job").mkdir(parents=True)

    def machine(**limits):
        for name, limit in limits.items():
            (tmp_path / "groups" / name.replace("_", "/").removeprefix("root") / "cpu.max").write_text(limit)
        return usable_processors(tmp_path / "own", tmp_path / "groups")

    return machine


@pytest.mark.parametrize(
    ("limits", "number"),
    [
        ({}, MANY),
        ({"site_job": "max 100000\n"}, MANY),
        ({"site_job": "200000 100000\n"}, 2),
        ({"site_job": "250000 100000\n"}, 3),
        ({"site_job": "5000 100000\n"}, 1),
        ({"site": "400000 100000\n", "site_job": "max 100000\n"}, 4),
        ({"root": "800000 100000\n", "site": "1600000 100000\n"}, 8),
        ({"site_job": "nonsense"}, MANY),
        ({"site_job": "100000 0"}, MANY),
    ],
)
def test_the_least_limit_counts(machine, limits, number):
    assert machine(**limits) == number


def test_processors_that_the_process_may_not_use_do_not_count(machine, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert machine(site="800000 100000\n") == 2


@pytest.mark.parametrize("content", ["12:cpu:/site/job\n11:memory:/\n", ""])
def test_other_control_groups_say_nothing(machine, tmp_path, content):
    (tmp_path / "own").write_text(content)
    assert machine(site="200000 100000\n") == MANY


def test_where_the_system_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_processors(tmp_path / "none", tmp_path) == 1


def test_the_setting_comes_first(bench):
    assert bench.load().jobs == usable_processors()
    bench.write("analytics.toml", "[rendering]\njobs = 7\n")
    assert bench.load().jobs == 7
