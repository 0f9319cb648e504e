"""What travels between a build and a worker: errors, paths, and what tells one machine from another."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from analytics_lib.errors import AnalyticsError, ExecutorError
from analytics_lib.model.handover import JOURNAL
from analytics_lib.pipeline.executors import LocalExecutor, environment, open_executor, parcel
from analytics_lib.pipeline.executors.parcel import Parcel, Returned, content_mark, marks_of
from analytics_lib.rendering.runner import RunRequest, read_handover


def every(kind=AnalyticsError):
    return [kind, *(each for child in kind.__subclasses__() for each in every(child))]


def request(root, folder, **keys):
    return RunRequest(root / "notebooks/n.ipynb", "notebooks/n.ipynb", {"x": 1}, root, folder, 60, 600, **keys)


@pytest.fixture
def here():
    return environment.Environment("1.0", "library", {"python": "3.12.1", "pandas": "3.1", "numpy": "2.5"}, "digest")


@pytest.mark.parametrize("kind", every(), ids=lambda kind: kind.__name__)
def test_every_error_survives_the_way_from_a_worker(kind):
    distributed = pytest.importorskip("distributed")
    sent = Returned(
        "tcp://host:1", Path("/srv"), Path("/local"), error=kind("it broke", where="cell 3", hint="mend it")
    )
    error = distributed.protocol.deserialize(*distributed.protocol.serialize(sent)).error
    assert type(error) is kind
    assert (str(error), error.exit_code) == ("cell 3: it broke; mend it", kind.exit_code)


def test_a_run_as_it_is_on_the_worker(tmp_path, here):
    sent = Parcel(request(Path("/srv/reports"), Path("/srv/run"), shared=Path("/srv/shared-sales")), "mark", here)
    run = sent.unpacked(Path("/mnt/w"), tmp_path / "run", tmp_path)
    assert (run.notebook, run.root, run.folder) == (
        Path("/mnt/w/notebooks/n.ipynb"), Path("/mnt/w"), tmp_path / "run",
    )  # fmt: skip
    assert (run.parameters, run.shown) == (sent.request.parameters, sent.request.shown)
    assert run.shared.parent == tmp_path
    assert run.shared.stat().st_mode & 0o777 == 0o700
    alone = replace(sent, request=replace(sent.request, shared=None))
    assert alone.unpacked(Path("/mnt/w"), tmp_path, tmp_path).shared is None


def test_fan_outs_share_with_themselves_alone_and_are_forgotten(tmp_path, here):
    def shared(folder):
        sent = Parcel(request(Path("/w"), Path("/run"), shared=Path(folder)), None, here)
        return sent.unpacked(Path("/w"), tmp_path, tmp_path).shared

    first, second = shared("/one"), shared("/two")
    assert first != second
    assert shared("/one") == first
    (first / "answer.arrow").touch()
    long_ago = first.stat().st_mtime - 2 * 3600
    os.utime(first, (long_ago, long_ago))
    assert shared("/two") == second
    assert not first.exists()


def test_what_comes_back_has_the_paths_of_this_machine(tmp_path):
    lines = [
        {"recording": True}, {"file": "/mnt/w/data/a.csv"}, {"file": "/mnt/w/data/*.csv"}, {"file": "/elsewhere/b.csv"},
        {"file": "/mnt/w2/c.csv"}, {"file": "/mnt/w/local/shared/answer.arrow"},
        {"output": {"name": "rows", "file": "rows.arrow"}}, {"connection": "shop"},
    ]  # fmt: skip
    journal = "".join(json.dumps(line) + "\n" for line in lines).encode()
    back = Returned(
        "tcp://host:1",
        Path("/mnt/w"),
        Path("/mnt/w/local"),
        {JOURNAL: journal, "rows.arrow": b"rows", "../../up": b"there"},
    )
    folder = tmp_path / "run"
    folder.mkdir()
    back.unpack(request(tmp_path / "own", folder))
    handover = read_handover(folder)
    assert handover.files == {
        tmp_path / "own/data/a.csv", tmp_path / "own/data/*.csv", Path("/elsewhere/b.csv"), Path("/mnt/w2/c.csv"),
    }  # fmt: skip
    assert handover.outputs["rows"].read_bytes() == b"rows"
    assert handover.connections == {"shop"}
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {JOURNAL, "rows.arrow", "up"}
    assert (folder / "up").exists()


def test_files_are_compared_by_content(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    for root in (here, there):
        (root / "data").mkdir(parents=True)
        for name in ("same.csv", "other.csv", "large.bin"):
            (root / "data" / name).write_text(f"{name} {root.name if name == 'other.csv' else ''}")
    outside = tmp_path / "outside.csv"
    outside.write_text("x")
    monkeypatch.setattr(parcel, "_HASHED_UP_TO", 10_000)
    (there / "data/large.bin").write_bytes(b"1" * 20_000)
    (here / "data/large.bin").write_bytes(b"2" * 20_000)
    marks = marks_of([*(there / "data").iterdir(), outside, there / "gone.csv"], there)
    assert set(marks) == {"data/same.csv", "data/other.csv", "data/large.bin"}
    back = Returned("tcp://host:1", there, there, marks=marks)
    later = time.time() + 60
    with pytest.raises(ExecutorError) as caught:
        back.require_same_files(request(here, tmp_path), begun=later)
    assert caught.value.where == "worker tcp://host:1"
    assert caught.value.message == "data/other.csv is not the file that lies here"
    # What changed while the notebook ran is noticed by whoever takes the fingerprints.
    back.require_same_files(request(here, tmp_path), begun=500)
    # Of what is too large to be hashed for each page the size is compared.
    (here / "data/large.bin").write_bytes(b"2" * 20_001)
    with pytest.raises(ExecutorError, match=r"data/large\.bin"):
        replace(back, marks={"data/large.bin": marks["data/large.bin"]}).require_same_files(
            request(here, tmp_path), later
        )


def test_a_file_that_is_gone_has_no_mark(tmp_path):
    assert content_mark(tmp_path / "gone") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": "1.1"}, "analytics_lib 1.1 is installed there, 1.0 here"),
        ({"library": "x"}, "the files of analytics_lib 1.0 are not those here"),
        (
            {"digest": "x", "packages": {"python": "3.12.2", "pandas": "3.1", "polars": "1.0"}},
            "numpy is missing there, 2.5 here; polars 1.0 there, missing here; python 3.12.2 there, 3.12.1 here",
        ),
        (
            {"digest": "x", "packages": {}},
            "numpy is missing there, 2.5 here; pandas is missing there, 3.1 here; python is missing there, 3.12.1 here",
        ),
    ],
)
def test_a_machine_whose_pages_would_be_others(here, changes, words):
    with pytest.raises(ExecutorError) as caught:
        here.require_same(replace(here, **changes), "worker tcp://host:1")
    assert caught.value.message.removeprefix("other packages are installed there: ") == words
    assert caught.value.where == "worker tcp://host:1"


def test_many_other_packages_stay_readable(here):
    there = replace(here, digest="x", packages={f"p{number}": "1" for number in range(30)})
    with pytest.raises(
        ExecutorError, match=r"numpy .*; p0 1 there, missing here; p1 1 there, missing here; and 30 more;"
    ):
        here.require_same(there, "worker")


def test_the_same_machine_is_the_same():
    environment.environment().require_same(environment.environment(), "worker")


def test_without_an_address_notebooks_run_here(bench):
    executor = open_executor("", bench.load())
    assert isinstance(executor, LocalExecutor)
    assert executor.jobs == bench.load().jobs


@pytest.mark.parametrize("place", ["host:8786", "127.0.0.1:8786", "[::1]:8786", "dask.example.com:1"])
def test_an_address_is_not_reached_before_it_is_needed(bench, place):
    pytest.importorskip("distributed")
    executor = open_executor(f"dask://{place}", bench.load())
    assert executor.place == place
    executor.close()
