"""Experiments whose state is kept by a server: several at once, and killed in the middle of a look."""

from __future__ import annotations

import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager, nullcontext

import pytest
import sqlalchemy as sa
from faults.test_experiments import together
from support.experiments import checkout, make_laboratory, write

from analytics_lib.pipeline import experiments
from analytics_lib.workspace import load_workspace
from analytics_lib.workspace.experiments import make_experiment

KILLED = """
import os, signal, sys
from pathlib import Path
from analytics_lib.pipeline import experiments
from analytics_lib.registry import ExperimentRegistry
from analytics_lib.workspace import load_workspace

where = sys.argv[2]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if where == "before":
    ExperimentRegistry.add_look = die
else:
    import analytics_lib.registry.experiments as module
    kept, seen = module.insert, []
    def insert(table):
        from sqlalchemy import event
        event.listen(sys.modules["sqlalchemy"].engine.Engine, "after_cursor_execute", after)
        return kept(table)
    def after(connection, cursor, statement, *_):
        if statement.lower().startswith("insert into experiment_looks"):
            die()
    module.insert = insert
experiments.look(load_workspace(Path(sys.argv[1])), "checkout")
"""


def made(tmp_path):
    lab = make_laboratory(tmp_path / "lab")
    write(lab.root)
    return lab


@contextmanager
def on_server(tmp_path, services):
    """Yield a workspace whose state database is a schema of its own in PostgreSQL."""
    lab, server, name = made(tmp_path), services.postgresql(), f"state_{uuid.uuid4().hex[:10]}"
    engine = sa.create_engine(server.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    with (lab.root / "analytics.toml").open("a") as file:
        file.write(f'\n[state]\nurl = "{server}?options=-csearch_path%3D{name}"\n')
    try:
        yield load_workspace(lab.root)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.schema.DropSchema(name, cascade=True))
        engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def lab(request, tmp_path, services):
    with nullcontext(made(tmp_path)) if request.param == "sqlite" else on_server(tmp_path, services) as lab:
        yield lab


def register(lab):
    return experiments.register(lab, make_experiment("checkout", checkout()))


@pytest.mark.parametrize("where", ["before", "within"])
def test_killed_in_the_middle_of_a_look(lab, where):
    register(lab)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(lab.root), where], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    found = experiments.registered(lab, "checkout")
    assert (found.looks, found.experiment.status) == ([], "running")
    experiments.look(lab, "checkout")  # nothing is left locked
    experiments.stop(lab, "checkout", why="the end")
    assert len(experiments.registered(lab, "checkout").looks) == 1


@pytest.mark.services
def test_several_at_once(tmp_path, services):
    """The same step of several processes is one step; with SQLite this is tested beside."""
    with on_server(tmp_path, services) as lab:
        for what, refused in (("add", "there is an experiment 'checkout' already"), ("stop", "is stopped already")):
            said = together(lab, tmp_path, what, 2)
            assert said.count("done") == 1
            assert all(refused in each for each in said if each != "done")
        steps = experiments.registered(lab, "checkout").steps
        assert [step.after for step in steps] == ["draft", "running", "stopped"]
