"""What is wrong with ``analytics.toml``: one sentence with file and line, and nothing published changes."""

from __future__ import annotations

import pytest
from support.shop import CONFIG


@pytest.mark.parametrize(
    ("added", "sentence"),
    [
        (
            "[rendering\n",
            "analytics.toml:6: the file is not valid TOML: expected ']' at the end of a table declaration.",
        ),
        (
            "[site]\n",
            "analytics.toml:6: the file is not valid TOML: cannot declare [site] twice.",
        ),
        (
            'colour = "red"\n',
            (
                "analytics.toml:6: unknown key 'colour' in [connections.warehouse]. Known are 'decimal', 'encoding', "
                "'format', 'read_only', 'row_limit', 'separator', 'sheet', 'thousands', 'time_limit' and 'url'."
            ),
        ),
        (
            "[renderng]\njobs = 2\n",
            "analytics.toml:6: unknown section [renderng]. Did you mean 'rendering'?",
        ),
        (
            "[rendering]\njbos = 2\n",
            "analytics.toml:7: unknown key 'jbos' in [rendering]. Did you mean 'jobs'?",
        ),
        (
            '[rendering]\njobs = "two"\n',
            "analytics.toml:7: setting 'rendering.jobs' is 'two'. Give it a whole number.",
        ),
        (
            "[rendering]\njobs = true\n",
            "analytics.toml:7: setting 'rendering.jobs' is true. Give it a whole number.",
        ),
        (
            "[rendering]\njobs = -1\n",
            "analytics.toml:7: setting 'rendering.jobs' is -1. Give it a whole number, 0 or more.",
        ),
        (
            "[state]\nurl = 5\n",
            "analytics.toml:7: setting 'state.url' is 5. Give it text in quotes.",
        ),
        (
            '[state]\nurl = "state.db"\n',
            (
                "analytics.toml:7: the url of the state database cannot be read. "
                "Write it as sqlite:///.analytics/state.db or postgresql://user@host/database."
            ),
        ),
        (
            'read_only = "yes"\n',
            "analytics.toml:6: read_only of connection 'warehouse' is 'yes'. Give it true or false.",
        ),
        (
            "[connections.crm]\nread_only = true\n",
            "analytics.toml:6: connection 'crm' has no url. Write url = \"duckdb:///data/warehouse.duckdb\".",
        ),
        (
            '[connections]\ncrm = "sqlite:///crm.db"\n',
            "analytics.toml:7: connection 'crm' has no url. Write url = \"duckdb:///data/warehouse.duckdb\".",
        ),
    ],
)
def test_a_mistake_in_the_file(shop, added, sentence):
    if added.startswith("[connections]"):
        shop.write("analytics.toml", CONFIG[: CONFIG.index("[connections")] + "\n\n" + added)
    else:
        shop.config(added)
    assert shop.refused() == sentence


def test_no_workspace(shop, tmp_path):
    (shop.root / "analytics.toml").rename(tmp_path / "elsewhere.toml")
    sentence = shop.refused()
    assert sentence == (
        f"there is no analytics.toml in {shop.root} or above it. "
        "Go to a workspace, name it with `--workspace DIR`, or make one with `analytics init DIR`."
    )


def test_a_workspace_that_is_named_but_is_none(shop):
    sentence = shop.refused("--workspace", "reports", "build")
    assert sentence == (
        f"there is no analytics.toml in {shop.root / 'reports'}. Name a workspace's folder, or make one with "
        "`analytics init DIR`."
    )


def test_a_file_that_is_not_text(shop):
    (shop.root / "analytics.toml").write_bytes(b'[site]\ntitle = "\xff"\n')
    assert shop.refused() == "analytics.toml: the file is not UTF-8 text. Save it as UTF-8."


def test_a_setting_of_the_environment(shop, monkeypatch):
    monkeypatch.setenv("ANALYTICS_RENDERING_JOBS", "many")
    assert shop.refused() == (
        "environment variable ANALYTICS_RENDERING_JOBS: setting 'rendering.jobs' is 'many'. Give it a whole number."
    )


def test_an_unset_environment_variable(shop):
    shop.replace("analytics.toml", "data/shop.duckdb", "${SHOP_FOLDER}/shop.duckdb")
    assert shop.refused() == (
        "analytics.toml:5: environment variable SHOP_FOLDER is not set. Set it: export SHOP_FOLDER=…"
    )


def test_an_unset_variable_that_no_report_needs_stops_nothing(shop):
    shop.config('\n[connections.crm]\nurl = "postgresql://crm:${CRM_PASSWORD}@db.example.com/crm"\n')
    assert shop.call("build").code == 0
