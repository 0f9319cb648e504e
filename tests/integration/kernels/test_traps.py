"""What goes wrong where processes are forked without care: each trap, and that it does not catch us."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.kernels import DAEMON, alive, gone, keeper_of, kernel, parent_of, with_variables

from analytics_lib.forking.listing import running
from analytics_lib.forking.places import environment_stamp
from analytics_lib.kernels.recipe import NEVER, PRELOAD_VARIABLE, kernel_recipe

# A thread in the parent


def test_a_module_that_starts_a_thread_leads_to_plain_kernels(own_folder, tmp_path, monkeypatch, caplog):
    (tmp_path / "restless.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv(PRELOAD_VARIABLE, "restless")
    with caplog.at_level(logging.WARNING), kernel(env=with_variables()) as one:
        assert one.provisioner.fallback == "importing restless started 1 thread"
        assert one.run("import restless; print('plain, and works')") == "plain, and works"
        assert one.provisioner.process is not None
    assert "the kernel is started the plain way: importing restless started 1 thread" in caplog.text
    (parent,) = running()
    assert parent.threaded == "importing restless started 1 thread"


def test_a_module_that_is_missing_or_broken_does_not_matter(own_folder, tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text("1 / 0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv(PRELOAD_VARIABLE, "broken, nowhere_to_be_found")
    with kernel(env=with_variables()) as one:
        assert one.provisioner.fallback == ""
    (parent,) = running()
    assert parent.missing["broken"].startswith("ZeroDivisionError")
    assert parent.missing["nowhere_to_be_found"].startswith("ModuleNotFoundError")


@pytest.mark.parametrize("module", NEVER)
def test_what_does_not_survive_a_fork_is_never_imported(module):
    recipe = kernel_recipe(environment={PRELOAD_VARIABLE: f"{module},{module}.parts,json"})
    assert not [each for each in recipe.preload if each.split(".")[0] == module]
    assert "json" in recipe.preload


def test_a_notebook_may_start_threads():
    with kernel() as one:
        assert one.run("""
from concurrent.futures import ThreadPoolExecutor
import duckdb, numpy as np, pandas as pd
square = np.ones((600, 600))
with ThreadPoolExecutor(4) as pool:
    print([float(each.sum()) for each in pool.map(lambda n: square @ square * n, range(3))])
print(duckdb.sql("select sum(range) as n from range(1000000)").df().n[0])
""").splitlines() == ["[0.0, 216000000.0, 432000000.0]", "499999500000.0"]


# Seeds


@pytest.mark.parametrize(
    "draw",
    [
        "import numpy as np; print(np.random.rand())",
        "import random; print(random.random())",
        "import numpy as np; print(np.random.default_rng().random())",
        "import uuid; print(uuid.uuid4())",
        "import scipy.stats; print(scipy.stats.norm.rvs())",
        "import tempfile; print(next(tempfile._get_candidate_names()))",
        "import secrets; print(secrets.token_hex())",
    ],
)
def test_no_two_kernels_draw_the_same(draw):
    drawn = set()
    for _ in range(3):
        with kernel(now=True) as one:
            drawn.add(one.run(draw))
    assert len(drawn) == 3


# Threads of libraries


def test_threads_that_the_environment_asks_for():
    with kernel(env=with_variables(OMP_NUM_THREADS="1")) as one:
        assert (
            one.run(
                "import threadpoolctl, numpy, scipy.linalg\n"
                "print({each['num_threads'] for each in threadpoolctl.threadpool_info()})"
            )
            == "{1}"
        )


# DuckDB's default connection


def test_default_connections_are_each_kernels_own():
    with kernel() as one, kernel() as other:
        one.run("import duckdb; duckdb.sql('create table t as select 1 as n')")
        assert other.run("import duckdb; print(duckdb.sql('select * from duckdb_tables()').df().shape[0])") == "0"
        assert one.run("print(duckdb.sql('select n from t').df().n[0])") == "1"


# Orphans


@pytest.mark.parametrize("how", ["shutdown", "kill", "os._exit"])
def test_nothing_that_a_kernel_started_outlives_it(how):
    with kernel(now=how == "kill") as one:
        started = int(
            one.run("import subprocess; print(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)")
        )
        daemon = int(one.run(DAEMON))
        pid = one.pid
        if how == "os._exit":
            one.client.execute("import os; os._exit(1)")
            assert gone(pid)
    assert gone(pid, started, daemon)


@pytest.mark.parametrize("how", ["kill", "shutdown"])
def test_plain_kernels_leave_nothing_either(how, monkeypatch):
    monkeypatch.setenv("ANALYTICS_DAEMON", "off")
    with kernel(now=how == "kill") as one:
        assert one.provisioner.process is not None
        started = int(
            one.run("import subprocess; print(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)")
        )
        daemon = int(one.run(DAEMON))
        pid = one.pid
    assert gone(pid, started, daemon)


PROGRAM = """
import sys, time
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="analytics")
said = []
client.execute_interactive("import os, subprocess; print(os.getpid(), subprocess.Popen(['sleep', '600']).pid)",
    output_hook=lambda message: said.append(message["content"].get("text", "")))
print("".join(said).strip(), flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("switch", ["on", "off"])
def test_a_kernel_ends_with_the_program_that_asked_for_it(switch):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=with_variables(ANALYTICS_DAEMON=switch),
    )  # fmt: skip
    with program:
        pids = [int(each) for each in program.stdout.readline().split()]
        assert all(map(alive, pids))
        program.kill()
        assert gone(*pids)


def test_a_keeper_that_is_killed_takes_everything_with_it():
    with kernel() as one:
        daemon = int(one.run(DAEMON))
        pid, parent = one.pid, parent_of(one)
        os.kill(keeper_of(one), signal.SIGKILL)
        assert gone(pid, daemon)
        assert alive(parent)
        deadline = time.monotonic() + 10
        while one.manager.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert one.provisioner.status == -signal.SIGKILL


# The parent's end, and its age


def test_when_the_parent_dies_its_kernels_end_and_the_next_gets_a_new_one(own_folder):
    with kernel() as one:
        pid, parent = one.pid, parent_of(one)
        daemon = int(one.run(DAEMON))
        os.kill(parent, signal.SIGKILL)
        assert gone(pid, daemon)
    with kernel() as next_one:
        assert next_one.provisioner.fallback == ""
        assert parent_of(next_one) != parent


def test_a_package_that_is_installed_makes_the_parent_new(own_folder, tmp_path, monkeypatch):
    packages = tmp_path / "extra-packages"
    packages.mkdir()
    (packages / "growing.py").write_text("VERSION = 1\n")
    monkeypatch.setenv("PYTHONPATH", str(packages))
    monkeypatch.setenv(PRELOAD_VARIABLE, "growing")
    program = [sys.executable, "-c", "import sys; sys.path.insert(0, 'tests'); " + ASK]
    first = _asked(program)
    assert _asked(program) == first
    (packages / "growing.py").write_text("VERSION = 2\n")
    (packages / "growing-2.dist-info").mkdir()
    second = _asked(program)
    assert (first[0], second[0]) == ("1", "2")
    assert second[1] != first[1]
    assert gone(int(first[1]), seconds=20), "the old parent ends"


ASK = """
from support.kernels import kernel
from analytics_lib.forking.listing import running
with kernel() as one:
    print(one.run("import growing; print(growing.VERSION)"), end=" ")
    keeper = int(open(f"/proc/{one.pid}/stat").read().rpartition(")")[2].split()[1])
    print(open(f"/proc/{keeper}/stat").read().rpartition(")")[2].split()[1])
"""


def _asked(program):
    root = Path(__file__).parents[3]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=120, cwd=root)
    return done.stdout.split()[-2:]


def test_the_library_counts_as_installed(monkeypatch, tmp_path):
    from analytics_lib.forking import places

    monkeypatch.setattr(places, "_LIBRARY", str(tmp_path))
    before = environment_stamp()
    (tmp_path / "new.py").write_text("")
    assert environment_stamp() != before


def test_a_module_under_development_makes_the_parent_new(own_folder, tmp_path, monkeypatch):
    (tmp_path / "growing.py").write_text("VERSION = 1\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv(PRELOAD_VARIABLE, "growing")
    with kernel(env=with_variables()) as one:
        assert one.run("import growing; print(growing.VERSION)") == "1"
        first = parent_of(one)
        (tmp_path / "growing.py").write_text("VERSION = 22\n")
        with kernel(env=with_variables()) as two:
            assert two.run("import growing; print(growing.VERSION)") == "22"
            assert parent_of(two) != first
        assert one.run("print(growing.VERSION)") == "1", "what runs is left alone"


def test_a_parent_without_work_ends(own_folder, monkeypatch):
    monkeypatch.setenv("ANALYTICS_DAEMON_IDLE", "1")
    with kernel() as one:
        parent = parent_of(one)
        time.sleep(1.5)
        assert alive(parent), "it has a child"
    assert gone(parent, seconds=20)
    assert not list(own_folder.glob("*.sock"))
