"""Where parents listen, and when two callers share one."""

import os

import pytest

from analytics_lib.forking import places
from analytics_lib.forking.places import FOLDER_VARIABLE, NoPlace, Recipe, import_time, private_folder, socket_path

pytestmark = pytest.mark.skipif(not places.SUPPORTED, reason="forking needs Linux")


@pytest.fixture
def somewhere(tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(places.tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_the_systems_folder_first(somewhere, monkeypatch):
    (somewhere / "run").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(somewhere / "run"))
    assert private_folder() == somewhere / "run" / "analytics-lib"


@pytest.mark.parametrize("runtime", ["", "/nowhere/at/all"])
def test_else_one_in_the_temporary_folder(somewhere, monkeypatch, runtime):
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    folder = private_folder()
    assert folder == somewhere / f"analytics-lib-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o707])
def test_one_that_others_may_enter_is_refused(somewhere, mode):
    folder = somewhere / f"analytics-lib-{os.getuid()}"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(NoPlace, match="is not this user's alone"):
        private_folder()


def test_a_file_in_its_place_is_refused(somewhere):
    (somewhere / f"analytics-lib-{os.getuid()}").write_text("")
    with pytest.raises(NoPlace):
        private_folder()


def test_what_counts_of_the_environment():
    environment = {"PYTHONPATH": "a", "LC_ALL": "C", "PASSWORD": "x", "PATH": "/bin", "OPENBLAS_NUM_THREADS": "1"}
    assert import_time(environment) == ["LC_ALL=C", "OPENBLAS_NUM_THREADS=1", "PYTHONPATH=a"]


def test_names_differ_by_what_matters(somewhere):
    first = socket_path(Recipe("a:run", ("json",)), {})
    assert socket_path(Recipe("a:run", ("json",)), {"PASSWORD": "x"}) == first
    assert socket_path(Recipe("b:run", ("json",)), {}) != first
    assert socket_path(Recipe("a:run", ("json", "csv")), {}) != first
    assert socket_path(Recipe("a:run", ("json",)), {"PYTHONHASHSEED": "1"}) != first
    assert len(str(first)) < 100 + len(str(somewhere))
