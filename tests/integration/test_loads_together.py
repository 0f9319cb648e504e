"""Two machines that load one source into one server: one after the other, whatever becomes of the first."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from support.databases import database
from support.loading import contacts, make_depot
from support.rest_fixtures import api

__all__ = ["api"]

pytestmark = pytest.mark.services


class Machines:
    """Two workspaces, each with locks and pages of its own, that share a warehouse and a state database.

    The first request of a load waits for `go`; `asked` says that it has come.
    """

    def __init__(self, folder, url, api):
        self.one, self.two = (make_depot(folder / name, api, url) for name in ("one", "two"))
        self.asked, self.go, self._processes = threading.Event(), threading.Event(), []
        api.before = self._wait

    def _wait(self, _):
        self.asked.set()
        assert self.go.wait(120)

    def start(self, depot):
        command = [sys.executable, "-m", "analytics_lib.cli.app", "--workspace", depot.root, "load", "crm"]
        self._processes.append(subprocess.Popen(command, stdout=-1, stderr=-1, text=True))
        return self._processes[-1]

    def begin(self):
        """Let the first machine begin, and return its load, which waits for the service."""
        process = self.start(self.one)
        assert self.asked.wait(120)
        return process

    def close(self):
        self.go.set()
        for process in self._processes:
            process.kill()
            process.communicate()


@pytest.fixture(params=["postgresql", "mariadb"])
def machines(request, tmp_path, services, api, monkeypatch):
    monkeypatch.setenv("ANALYTICS_STATE_URL", f"sqlite:///{tmp_path}/state.db")
    api.tables = {"/contacts": contacts(7)}
    with database(request.param, tmp_path, services) as made:
        machines = Machines(tmp_path, made.url.replace("postgresql:", "postgresql+psycopg:"), api)
        machines.kind = request.param
        try:
            yield machines
        finally:
            machines.close()


def said_until(process, words):
    """Return the line of its progress that holds these words."""
    return next(line for line in process.stderr if words in line)


def end_session(machines, process):
    """End the session that holds the right to load, as an operator or a broken line does."""
    if machines.kind == "postgresql":
        name = f"process {process.pid} on %%"
        machines.one.sql(f"select pg_terminate_backend(pid) from pg_stat_activity where application_name like '{name}'")
        return
    schema = machines.one.url.rpartition("/")[2]
    ((session,),) = machines.one.sql(f"select id from information_schema.processlist where db = '{schema}' "
                                     "and id <> connection_id()")  # fmt: skip
    machines.one.sql(f"kill {session}")


def test_the_second_one_says_who_loads(machines, monkeypatch):
    first = machines.begin()
    monkeypatch.setenv("ANALYTICS_LOADS_WAIT", "0")
    out, err = machines.start(machines.two).communicate()
    assert out == ""
    holder = f"process {first.pid} on " if machines.kind == "postgresql" else "session "
    assert f"Error source 'crm': contacts is being loaded by {holder}" in err
    assert "Wait until it is done, or raise loads.wait." in err
    machines.go.set()
    assert first.communicate()[0].startswith("loaded  crm: 7 rows")
    assert machines.two.state().status == "loaded", "what could not begin has not failed"
    assert machines.two.load().total == 7


def test_the_second_one_waits_and_goes_on_when_the_first_is_killed(machines):
    first = machines.begin()
    second = machines.start(machines.two)
    assert "crm: waiting for " in said_until(second, "which loads into contacts")
    first.kill()
    first.communicate()
    machines.go.set()
    assert second.communicate()[0].startswith("loaded  crm: 7 rows")
    assert machines.one.load().total == 7


def test_a_load_whose_session_ends_meanwhile_changes_nothing(machines):
    first = machines.begin()
    end_session(machines, first)
    machines.go.set()
    out, err = first.communicate()
    assert (first.returncode, out) == (2, "")
    assert "the session that kept other loads of the table away has ended, and nothing was changed" in err
    assert machines.one.tables() == []
    assert machines.one.load().total == 7
