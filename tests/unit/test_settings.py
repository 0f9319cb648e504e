"""The table of settings, and where a value may come from."""

from __future__ import annotations

import pytest

from analytics_lib.errors import WorkspaceError
from analytics_lib.settings import SETTINGS, Setting, read_settings, section_names


def read(tables=None, environment=None, where=None):
    return read_settings(tables or {}, where or {}, environment or {})


def test_the_table_is_sound():
    names = [setting.name for setting in SETTINGS]
    assert len(set(names)) == len(names)
    for setting in SETTINGS:
        assert setting.check(setting.default, "here") == setting.default
        assert setting.help.endswith(".")
        assert setting.name.count(".") == 1


def test_defaults():
    assert read() == {setting.name: setting.default for setting in SETTINGS}


def test_a_variable_is_named_after_its_setting():
    assert Setting("site.self_contained", bool, False, "").variable == "ANALYTICS_SITE_SELF_CONTAINED"


def test_sections():
    assert section_names() == {"apps", "experiments", "loads", "site", "state", "rendering", "versions"}


def test_the_file_comes_before_the_default_and_the_environment_before_the_file():
    tables = {"site": {"title": "Ours"}, "rendering": {"jobs": 3}}
    assert read(tables)["site.title"] == "Ours"
    values = read(tables, {"ANALYTICS_SITE_TITLE": "Yours", "ANALYTICS_RENDERING_JOBS": "8"})
    assert (values["site.title"], values["rendering.jobs"]) == ("Yours", 8)


def test_the_processes_own_environment(monkeypatch):
    monkeypatch.setenv("ANALYTICS_VERSIONS_KEEP", "5")
    assert read_settings({}, {})["versions.keep"] == 5


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), (" YES ", True), ("false", False), ("0", False), ("no", False)]
)
def test_words_for_true_and_false(text, value):
    assert read(environment={"ANALYTICS_SITE_SELF_CONTAINED": text})["site.self_contained"] is value


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [
        ("site", "title", 5),
        ("site", "self_contained", "yes"),
        ("site", "self_contained", 1),
        ("rendering", "jobs", True),
        ("rendering", "jobs", 1.5),
        ("rendering", "jobs", "2"),
    ],
)
def test_a_wrong_type(table, name, value):
    with pytest.raises(WorkspaceError) as caught:
        read({table: {name: value}}, where={f"{table}.{name}": "analytics.toml:4"})
    assert f"'{table}.{name}' is " in caught.value.message
    assert caught.value.where == "analytics.toml:4"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ANALYTICS_RENDERING_JOBS", "many"),
        ("ANALYTICS_RENDERING_JOBS", "--2"),
        ("ANALYTICS_SITE_SELF_CONTAINED", "perhaps"),
    ],
)
def test_a_wrong_type_in_the_environment(variable, text):
    with pytest.raises(WorkspaceError) as caught:
        read(environment={variable: text})
    assert caught.value.where == f"environment variable {variable}"


def test_an_unknown_key():
    with pytest.raises(WorkspaceError) as caught:
        read({"site": {"titel": "Ours"}}, where={"site.titel": "analytics.toml:2"})
    assert str(caught.value) == "analytics.toml:2: unknown key 'titel' in [site]; did you mean 'title'?"
