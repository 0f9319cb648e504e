"""Folders in use are left alone; what dead processes left is swept away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from analytics_lib.rendering import scratch
from analytics_lib.rendering.scratch import held_folder, scratch_folder, scratch_prefix, sweep_abandoned, sweep_scratch

OWNER = """
import sys, time
from pathlib import Path
from analytics_lib.rendering.scratch import held_folder
with held_folder(Path(sys.argv[1]), "build-") as folder:
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def owner(tmp_path):
    """Another process that holds a folder; return it and the folder's path."""
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    folder = tmp_path / process.stdout.readline().strip()
    yield process, folder
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_folder_goes_when_it_is_given_back(tmp_path):
    with held_folder(tmp_path, "build-") as folder:
        (folder / "deep").mkdir()
        (folder / "deep/file").touch()
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.iterdir())


def test_folders_of_the_living_are_left_alone_and_those_of_the_dead_go(tmp_path, owner):
    process, folder = owner
    (tmp_path / "other").mkdir()
    with held_folder(tmp_path, "build-") as mine:
        sweep_abandoned(tmp_path, "build-")
        assert folder.is_dir()
        assert mine.is_dir()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert folder.is_dir()
        sweep_abandoned(tmp_path, "build-")
        assert not folder.exists()
        assert mine.is_dir()
    assert [each.name for each in tmp_path.iterdir()] == ["other"]


def test_a_folder_that_was_made_and_not_locked_yet_is_made_anew(tmp_path, monkeypatch):
    """A sweep may come between the making of a folder and the taking of its lock: then the folder is nobody's."""
    made = []
    original = scratch.tempfile.mkdtemp

    def mkdtemp(**options):
        made.append(original(**options))
        if len(made) < 3:
            sweep_abandoned(tmp_path, "build-")
        return made[-1]

    monkeypatch.setattr(scratch.tempfile, "mkdtemp", mkdtemp)
    with held_folder(tmp_path, "build-") as folder:
        assert len(made) == 3
        assert str(folder) == made[-1]
        sweep_abandoned(tmp_path, "build-")
        assert folder.is_dir()


def test_makers_and_sweepers_at_the_same_time(tmp_path):
    """Whoever was lent a folder keeps it."""
    lost, done = [], threading.Event()

    def sweep():
        while not done.is_set():
            sweep_abandoned(tmp_path, "build-")

    def make():
        for _ in range(50):
            with held_folder(tmp_path, "build-") as folder:
                (folder / "mark").touch()
                if not (folder / "mark").exists():
                    lost.append(folder)

    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    makers = [threading.Thread(target=make) for _ in range(3)]
    for thread in [*sweepers, *makers]:
        thread.start()
    for thread in makers:
        thread.join()
    done.set()
    for thread in sweepers:
        thread.join()
    assert lost == []
    assert not list(tmp_path.iterdir())


def test_scratch_folders_belong_to_a_workspace(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"{scratch_prefix(tmp_path / 'a')}left"
    left.mkdir()
    with scratch_folder(tmp_path / "a") as folder:
        assert folder.name.startswith(scratch_prefix(tmp_path / "a"))
        sweep_scratch(tmp_path / "b")
        assert left.exists()
        sweep_scratch(tmp_path / "a")
        assert not left.exists()
        assert folder.exists()
    assert not list(tmp_path.iterdir())
