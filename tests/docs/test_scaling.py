"""What ``docs/scaling.md`` shows can be applied: its YAML is valid, its commands exist, its parts name each other."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from analytics_lib.cli.app import app
from analytics_lib.model.handover import WORKSPACE
from analytics_lib.pipeline.executors import open_executor
from analytics_lib.settings import SETTINGS

PAGE = (Path(__file__).parents[2] / "docs/scaling.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def manifests():
    return [each for block in blocks("yaml") for each in yaml.safe_load_all(block)]


def pods():
    for each in manifests():
        spec = each["spec"]
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield each["metadata"]["name"], spec["template"]["spec"]


def commands():
    """Every command line of ``analytics`` that the page shows, as a list of words."""
    shown = re.findall(r"^ {4}((?:\w+=\S+ )*analytics .*)$", PAGE, re.MULTILINE)
    shown += [line for _, pod in pods() for line in "\n".join(pod["containers"][0].get("args", [])).splitlines()]
    found = [shlex.split(line.strip()) for line in shown if line.strip().startswith("analytics ")]
    found += [[str(word) for word in pod["containers"][0]["command"]] for _, pod in pods()]
    found.append(yaml.safe_load(re.search(r"`command: (\[.*\])`", PAGE)[1]))
    return [words for words in found if words[0] == "analytics"]


def test_there_is_something_to_check():
    assert len(manifests()) == 6
    assert len(commands()) >= 5


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_commands_exist(words):
    options = {option for each in COMMANDS[words[1]].params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("address", sorted(set(re.findall(r"dask://[a-z-]+:\d+", PAGE))))
def test_addresses_are_ones(address, bench):
    pytest.importorskip("distributed")
    assert open_executor(address, bench.load()).place == address.removeprefix("dask://")


def test_each_mount_has_its_volume_and_claim():
    claims = {each["metadata"]["name"] for each in manifests() if each["kind"] == "PersistentVolumeClaim"}
    for name, pod in pods():
        mounted = {mount["name"] for each in pod["containers"] for mount in each.get("volumeMounts", ())}
        volumes = {each["name"]: each["persistentVolumeClaim"]["claimName"] for each in pod.get("volumes", ())}
        assert mounted == set(volumes), name
        assert set(volumes.values()) <= claims, name


def test_services_find_their_pods():
    for service in (each for each in manifests() if each["kind"] == "Service"):
        labels = [
            each["spec"]["template"]["metadata"]["labels"] for each in manifests() if each["kind"] == "Deployment"
        ]
        assert service["spec"]["selector"] in labels
    named = set(re.findall(r"(?:tcp|dask)://(dask-[a-z]+):(\d+)", PAGE))
    ports = {
        (each["metadata"]["name"], str(each["spec"]["ports"][0]["port"]))
        for each in manifests()
        if each["kind"] == "Service"
    }
    assert named == ports


def test_settings_and_variables_are_the_real_ones():
    (toml,) = (tomllib.loads(block) for block in blocks("toml"))
    names = {f"{section}.{key}" for section, keys in toml.items() for key in keys}
    assert names <= {setting.name for setting in SETTINGS}
    assert f"{WORKSPACE}=" in PAGE
