"""What tests of all kinds share: services that must be up, a workspace to try things in, the command line."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="session", autouse=True)
def resident_processes():
    """Processes of these tests' own fork their kernels; they end with the tests, whatever happens."""
    from analytics_lib.forking.client import IDLE_VARIABLE
    from analytics_lib.forking.listing import running, stop
    from analytics_lib.forking.places import FOLDER_VARIABLE, SUPPORTED

    if not SUPPORTED:
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="at-"))  # a socket's path must be short
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        patch.setenv(IDLE_VARIABLE, "120")
        yield
        stop(running(), now=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def root():
    """The repository's folder."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def services():
    """The servers that a test may need: ``services.postgresql()`` is a URL, or skips the test with a reason."""
    from support.servers import Services

    return Services()


@pytest.fixture
def bench(tmp_path):
    """An empty workspace."""
    from support.bench import make_bench

    return make_bench(tmp_path / "workspace")


@pytest.fixture
def analytics(capsys):
    """Run the command ``analytics`` in this process; return its exit code and what it printed."""
    from analytics_lib.cli.app import main

    def analytics(*arguments):
        capsys.readouterr()
        code = 0
        try:
            main([str(each) for each in arguments])
        except SystemExit as left:
            code = left.code or 0
        printed = capsys.readouterr()
        return SimpleNamespace(code=code, out=printed.out, err=printed.err)

    return analytics
