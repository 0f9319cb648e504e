"""What identifies the code that made a page."""

from __future__ import annotations

from importlib import metadata
from types import SimpleNamespace

import pytest

from analytics_lib.pipeline import identity
from analytics_lib.pipeline.identity import environment_digest, library_digest


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


def test_the_environment_is_its_packages_and_versions(monkeypatch):
    installed = [("pandas", "3.0.0"), ("altair", "6.0.0")]
    monkeypatch.setattr(metadata, "distributions", lambda: [SimpleNamespace(name=n, version=v) for n, v in installed])
    before = environment_digest.__wrapped__()
    installed.reverse()
    assert environment_digest.__wrapped__() == before
    installed[0] = ("pandas", "3.0.1")
    after = environment_digest.__wrapped__()
    installed.append(("numpy", "2.3.0"))
    assert len({before, after, environment_digest.__wrapped__()}) == 3
