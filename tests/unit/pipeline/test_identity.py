"""What identifies the code that made a page."""

from __future__ import annotations

import platform
import re
import sys
import zipfile
from importlib import metadata

import pytest

from analytics_lib.pipeline import identity
from analytics_lib.pipeline.identity import environment_digest, library_digest, packages


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library of few files, in a folder that is called like a part of the real one."""
    root = tmp_path / "workspace/analytics_lib"
    for name in ("__init__.py", "workspace/folder.py", "rendering/page.html.j2", "example/starter/sales.json"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    monkeypatch.setattr(identity, "__file__", str(root / "pipeline/identity.py"))
    return root


@pytest.mark.parametrize("name", ["__init__.py", "workspace/folder.py", "rendering/page.html.j2", "rendering/new.css"])
def test_every_file_that_makes_pages_counts(library, name):
    before = library_digest.__wrapped__()
    assert library_digest.__wrapped__() == before
    (library / name).write_text("changed")
    assert library_digest.__wrapped__() != before


@pytest.mark.parametrize("name", ["example/starter/sales.json", "__pycache__/x.pyc", "notes.txt"])
def test_what_makes_no_page_does_not(library, name):
    before = library_digest.__wrapped__()
    (library / name).parent.mkdir(exist_ok=True)
    (library / name).write_text("changed")
    assert library_digest.__wrapped__() == before


def test_a_file_that_moves_counts(library):
    before = library_digest.__wrapped__()
    (library / "workspace/folder.py").rename(library / "workspace/place.py")
    assert library_digest.__wrapped__() != before


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Two folders of packages, and nothing else on Python's path; `install` puts one into the first."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder) for folder in folders])

    def install(name, version, *, folder=folders[0], kind="dist-info"):
        place = folder / (f"{name}-{version}.dist-info" if kind == "dist-info" else f"{name}.egg-info")
        place.mkdir()
        (place / ("METADATA" if kind == "dist-info" else "PKG-INFO")).write_text(f"Name: {name}\nVersion: {version}\n")
        return place

    install.second = folders[1]
    return install


def test_the_environment_is_python_and_every_package_with_its_version(install):
    found = {environment_digest()}
    install("Great_Expectations", "1.24.1")
    found.add(environment_digest())
    place = install("pandas", "3.0.0")
    found.add(environment_digest())
    place.rename(place.with_name("pandas-3.0.1.dist-info"))
    found.add(environment_digest())
    install("developed", "0.1", kind="egg-info")
    found.add(environment_digest())
    assert len(found) == 5
    assert packages() == {
        "python": platform.python_version(),
        "developed": "0.1", "great-expectations": "1.24.1", "pandas": "3.0.1",
    }  # fmt: skip


def test_the_package_that_an_import_finds_is_the_one_that_counts(install):
    install("pandas", "3.0.0", folder=install.second)
    install("pandas", "3.0.1")
    assert packages()["pandas"] == "3.0.1"


def test_packages_in_an_archive_count(install, tmp_path, monkeypatch):
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("packed-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: packed\nVersion: 2.0\n")
    monkeypatch.setattr(sys, "path", [str(archive)])
    assert packages()["packed"] == "2.0"


def test_what_is_installed_here_is_what_python_says(monkeypatch):
    said = {re.sub(r"[-_.]+", "-", each.name).lower(): each.version for each in metadata.distributions() if each.name}
    assert packages() == {"python": platform.python_version(), **said}
