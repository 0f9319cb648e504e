"""A package of a stranger's adds a kind of connection by its entry point; the library's own come in the same way."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from analytics_lib import plugins
from analytics_lib.errors import WorkspaceError

ASK = """
from analytics_lib.connectors import open_connection
from analytics_lib.model.connections import ConnectionSpec
with open_connection(ConnectionSpec("calendar", "seasons://south")) as calendar:
    print(calendar.sql("select name from seasons where number < :x order by number", x=3)["name"].tolist())
    print(calendar.arrow("select count(*) as n from seasons").to_pylist(), calendar.table("seasons").count())
"""


@pytest.fixture(scope="module")
def installed(root, tmp_path_factory):
    """The package in a folder of its own, built without a network."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "--target", folder, root / "tests/plugin"],
        check=True, timeout=120,
    )  # fmt: skip
    return folder


def ask(root, *folders):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*folders, root)))}
    return subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_connector_of_another_package(root, installed):
    said = ask(root, installed)
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines() == ["['autumn', 'winter']", "[{'n': 4}] 4"]


def test_without_it_the_kind_is_not_known(root):
    assert "connection 'calendar' has a url of the unknown kind 'seasons'" in ask(root).stderr


def test_the_library_brings_its_own_through_the_same_door():
    assert {"duckdb", "sqlite", "postgresql", "mariadb", "snowflake"} <= set(plugins.names(plugins.CONNECTORS))
    for name in plugins.names(plugins.CONNECTORS):
        assert callable(plugins.load(plugins.CONNECTORS, name))


def test_a_package_that_cannot_be_loaded_is_a_sentence(monkeypatch):
    broken = EntryPoint("broken", "no_such_package:Kind", plugins.CONNECTORS)
    monkeypatch.setattr(plugins, "_found", lambda group: {"broken": broken})
    with pytest.raises(WorkspaceError, match=r"'broken' of the package .* cannot be loaded: No module"):
        plugins.load(plugins.CONNECTORS, "broken")
