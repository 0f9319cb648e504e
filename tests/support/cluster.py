"""A Dask cluster on this machine: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from support.whole import wait_until

DASK = str(Path(sys.executable).with_name("dask"))
ENDS_ALONE = "10 minutes"
"""A cluster whose test was killed ends by itself."""


@dataclass
class Cluster:
    """A scheduler without a dashboard, on a free port, and the workers that are started on it.

    Use it as a context manager.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    workers: dict[str, subprocess.Popen] = field(default_factory=dict)

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(place),
            "--idle-timeout", ENDS_ALONE,
        )  # fmt: skip
        wait_until(lambda: place.exists() and place.read_text(encoding="utf-8").endswith("}"))
        self.place = json.loads(place.read_text(encoding="utf-8"))["address"].removeprefix("tcp://")
        return self

    def __exit__(self, *_):
        for process in [*self.workers.values(), self.scheduler]:
            process.kill()
            process.wait()

    @property
    def address(self):
        """What ``--executor`` is given."""
        return f"dask://{self.place}"

    def add(self, name, *, threads=1, **environment):
        """Start a worker that runs so many notebooks at a time, and wait until the scheduler knows it."""
        self.workers[name] = self._start(
            "worker", f"tcp://{self.place}", "--host", "127.0.0.1", "--name", name, "--nthreads", str(threads),
            "--no-nanny", "--no-dashboard", "--local-directory", str(self.folder / name), "--death-timeout", "10",
            WORKER=name, **environment,
        )  # fmt: skip
        log = self.folder / f"worker-{name}.log"
        wait_until(lambda: "Registered to" in log.read_text(encoding="utf-8"))
        return self

    def _start(self, *arguments, **environment):
        name = f"{arguments[0]}-{environment['WORKER']}" if "WORKER" in environment else arguments[0]
        with (self.folder / f"{name}.log").open("w", encoding="utf-8") as log:
            return subprocess.Popen(
                [DASK, *arguments], cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **self.environment, **environment},
            )  # fmt: skip
