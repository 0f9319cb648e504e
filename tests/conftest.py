"""What tests of all kinds share: services that must be up, a workspace to try things in, the command line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest


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
