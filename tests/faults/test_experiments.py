"""Faults while experiments are registered, looked at or take a step: all of it is stored, or nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from sqlalchemy import create_engine, text
from support.experiments import checkout, make_laboratory, write

from analytics_lib.errors import PublishError
from analytics_lib.pipeline import experiments
from analytics_lib.workspace.experiments import make_experiment

WORKER = """
import json, sys, time
from pathlib import Path
from analytics_lib.errors import AnalyticsError
from analytics_lib.pipeline import experiments
from analytics_lib.workspace import load_workspace
from analytics_lib.workspace.experiments import load_experiment

root, start, name, what = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
workspace = load_workspace(root)
Path(f"{start}-{name}").touch()
while not start.exists():
    time.sleep(0.001)
try:
    if what == "add":
        experiments.register(workspace, load_experiment(root, "checkout"), who=name)
    elif what == "stop":
        experiments.stop(workspace, "checkout", why="mine", who=name)
    else:
        experiments.look(workspace, "checkout", who=name)
    print(json.dumps("done"))
except AnalyticsError as error:
    print(json.dumps(str(error)))
"""


@pytest.fixture
def lab(tmp_path):
    lab = make_laboratory(tmp_path / "lab")
    write(lab.root)
    return lab


def register(lab):
    return experiments.register(lab, make_experiment("checkout", checkout()))


def break_table(lab, table):
    """Let the state database refuse rows of a table, as it does when the disk is full or a rule is broken."""
    engine = create_engine(lab.state_url)
    with engine.begin() as connection:
        connection.execute(
            text(f"create trigger broken before insert on {table} begin select raise(abort, 'no more'); end")
        )
    engine.dispose()


def mend(lab):
    engine = create_engine(lab.state_url)
    with engine.begin() as connection:
        connection.execute(text("drop trigger broken"))
    engine.dispose()


def together(lab, tmp_path, what, count=4):
    """Let processes do the same at the same moment; return what each of them said."""
    start = tmp_path / what
    names = [f"{what}{at}" for at in range(count)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(lab.root), str(start), name, what], stdout=subprocess.PIPE, text=True
        )
        for name in names
    ]
    while not all((tmp_path / f"{what}-{name}").exists() for name in names):
        assert all(worker.poll() is None for worker in workers)
        time.sleep(0.01)
    start.touch()
    return [json.loads(worker.communicate(timeout=120)[0]) for worker in workers]


def test_a_registration_that_cannot_be_written_leaves_nothing(lab):
    with experiments.opened_registry(lab):
        pass
    break_table(lab, "experiment_steps")
    with pytest.raises(PublishError, match="no more"):
        register(lab)
    mend(lab)
    with experiments.opened_registry(lab) as registry:
        assert registry.find() == []
    assert register(lab)[0].status == "running"


def test_a_step_that_cannot_be_written_is_not_taken(lab):
    register(lab)
    break_table(lab, "experiment_steps")
    with pytest.raises(PublishError):
        experiments.stop(lab, "checkout", why="the end")
    mend(lab)
    assert experiments.registered(lab, "checkout").experiment.status == "running"
    experiments.stop(lab, "checkout", why="the end")


def test_a_look_that_cannot_be_written_leaves_nothing(lab):
    register(lab)
    break_table(lab, "experiment_looks")
    with pytest.raises(PublishError):
        experiments.look(lab, "checkout")
    mend(lab)
    assert experiments.registered(lab, "checkout").looks == []


def test_a_draft_that_was_left_by_a_crash_goes_on(lab, monkeypatch):
    """Registered, and killed before its first step: the next look takes it."""
    from analytics_lib.registry import ExperimentRegistry

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ExperimentRegistry, "step", killed)
        with pytest.raises(KeyboardInterrupt):
            register(lab)
    assert experiments.registered(lab, "checkout").experiment.status == "draft"
    experiments.look(lab, "checkout")
    found = experiments.registered(lab, "checkout")
    assert ([step.after for step in found.steps], len(found.looks)) == (["draft", "running"], 1)


def test_processes_that_register_the_same_at_once(lab, tmp_path):
    said = together(lab, tmp_path, "add")
    assert said.count("done") == 1
    assert all("there is an experiment 'checkout' already" in each for each in said if each != "done")
    found = experiments.registered(lab, "checkout")
    assert [step.after for step in found.steps] == ["draft", "running"]


def test_processes_that_take_the_same_step_at_once(lab, tmp_path):
    register(lab)
    said = together(lab, tmp_path, "stop")
    assert said.count("done") == 1
    assert all("the experiment is stopped already" in each for each in said if each != "done")
    steps = experiments.registered(lab, "checkout").steps
    assert [step.after for step in steps] == ["draft", "running", "stopped"]
    assert steps[-1].who == f"stop{said.index('done')}"


def test_processes_that_look_at_once(lab, tmp_path):
    register(lab)
    assert together(lab, tmp_path, "look") == ["done"] * 4
    looks = experiments.registered(lab, "checkout").looks
    assert sorted(look.who for look in looks) == ["look0", "look1", "look2", "look3"]
