"""Kernels forked and plain: what holds for one holds for the other."""

import shutil
import tempfile
from pathlib import Path

import pytest

from analytics_lib.forking.listing import running, stop
from analytics_lib.forking.places import FOLDER_VARIABLE, SUPPORTED


def pytest_collection_modifyitems(items):
    if not SUPPORTED:
        for item in items:
            if "integration/kernels" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="forking needs Linux"))
    for item in items:  # jupyter_core keeps a loop for each thread that calls it, and closes none
        if "integration/kernels" in str(item.path):
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed event loop:ResourceWarning"))


@pytest.fixture(params=["analytics", "python3"])
def name(request):
    """The kernel's name: forked, and plain."""
    return request.param


@pytest.fixture
def own_folder(monkeypatch):
    """Parents of this test alone."""
    folder = Path(tempfile.mkdtemp(prefix="at-"))
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    yield folder
    stop(running(), now=True)
    shutil.rmtree(folder, ignore_errors=True)
