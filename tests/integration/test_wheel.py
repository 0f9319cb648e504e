"""What users install: the wheel, in an environment that does not know the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def call(*command: object, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ANALYTICS_"))}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return next(folder.glob("*.whl"))


def test_it_carries_the_example_and_nothing_else_of_the_repository(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    packed = {name.removeprefix("analytics_lib/example/workspace/") for name in names if "/example/workspace/" in name}
    for part in ("notebooks", "reports", "expectations", "experiments", "metrics", "sources"):
        here = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / part).rglob("*.*")
            if ".ipynb_checkpoints" not in path.parts
        }
        assert {name for name in packed if name.startswith(part)} == here
    assert "analytics.toml" in packed
    assert "analytics_lib/py.typed" in names
    assert all(name.startswith(("analytics_lib/", "analytics_lib-")) for name in names)


@pytest.mark.slow
def test_it_runs_in_a_clean_environment(wheel, tmp_path):
    clean = tmp_path / "clean"
    venv.create(clean, with_pip=True)
    python = clean / "bin/python"
    # Dependencies come from the environment of the tests, the library itself from the wheel alone.
    site = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    call(python, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet", wheel, cwd=tmp_path)
    where = call(python, "-c", "import analytics_lib; print(analytics_lib.__file__)", cwd=tmp_path)
    assert str(clean) in where

    analytics = clean / "bin/analytics"
    call(analytics, "demo", "example", "--data-only", cwd=tmp_path)
    call(analytics, "run", "revenue_overview", cwd=tmp_path / "example")
    assert (tmp_path / "example/site/revenue_overview/index.html").exists()
    call(analytics, "init", "own", cwd=tmp_path)
    call(analytics, "run", "first_report", cwd=tmp_path / "own")
    assert (tmp_path / "own/site/first_report/north.html").exists()
