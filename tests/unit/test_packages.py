"""The lists of packages agree: pyproject.toml, environment.yml, constraints.txt, and what is installed."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"python-duckdb": "duckdb", "psycopg": "psycopg"}
"""Conda's name → the one in pyproject.toml, where they differ."""


def wanted(*groups):
    """Return package → lower bound of the main dependencies and of some groups of optional ones."""
    lines = [*PROJECT["dependencies"], *(each for group in groups for each in PROJECT["optional-dependencies"][group])]
    return {canonicalize_name(each.name): str(each.specifier) for each in map(Requirement, lines)}


def in_environment():
    content = yaml.safe_load((ROOT / "environment.yml").read_text())
    found = {}
    for entry in content["dependencies"]:
        for line in entry["pip"] if isinstance(entry, dict) else [entry]:
            if line.startswith("-"):
                continue  # pip's own options, as for the library itself
            each = Requirement(line)
            found[canonicalize_name(CONDA_NAMES.get(each.name, each.name))] = str(each.specifier)
    return found


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def test_the_environment_names_the_same_packages_with_the_same_bounds():
    found = in_environment()
    assert found.pop("python") == PROJECT["requires-python"]
    found.pop("pip", None)
    groups = [group for group in PROJECT["optional-dependencies"] if set(wanted(group)) <= set(found)]
    assert found == wanted(*groups)


def test_every_package_has_a_lower_bound_and_no_other():
    every = wanted(*PROJECT["optional-dependencies"])
    assert [f"{name}{bound}" for name, bound in every.items() if not re.fullmatch(r">=\d[\d.]*", bound)] == []


def test_constraints_pin_every_package():
    pinned = {canonicalize_name(Requirement(line).name) for line in pins()}
    assert set(wanted(*PROJECT["optional-dependencies"])) - pinned == set()


@pytest.mark.parametrize("line", pins())
def test_a_constraint_is_an_exact_version_and_names_no_place(line):
    assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ?;.*)?", line)
    assert "://" not in line


def test_constraints_fit_the_bounds():
    bounds = wanted(*PROJECT["optional-dependencies"])
    wrong = []
    for each in map(Requirement, pins()):
        name = canonicalize_name(each.name)
        version = next(iter(each.specifier)).version
        if name in bounds and not Requirement(f"{name}{bounds[name]}").specifier.contains(version, prereleases=True):
            wrong.append(f"{name}=={version} {bounds[name]}")
    assert wrong == []


COME_WITH = {
    "IPython": "ipykernel",
    "jinja2": "nbconvert",
    "jupyter_client": "nbclient",
    "jupyter_server": "voila",
    "jupyterlab_server": "voila",
    "markupsafe": "nbconvert",
    "mistune": "nbconvert",
    "pygments": "nbconvert",
    "traitlets": "nbconvert",
}
"""What is used only together with a package that is built on it and hands its objects out."""


def imported():
    """Return the top-level packages that the library imports, those of Python left out."""
    found = set()
    for path in (ROOT / "analytics_lib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {each.name.split(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"analytics_lib"}


@pytest.mark.parametrize("package", sorted(imported()))
def test_what_is_imported_is_a_dependency(package):
    """Not one that happens to be there."""
    homes = {canonicalize_name(home) for home in metadata.packages_distributions().get(package, [package])}
    if package in COME_WITH:
        lines = metadata.requires(COME_WITH[package]) or []
        named = {canonicalize_name(Requirement(line).name) for line in lines if "extra ==" not in line}
    else:
        named = set(wanted(*PROJECT["optional-dependencies"]))
    assert homes & named
