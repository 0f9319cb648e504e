from __future__ import annotations

import hashlib
import re

import pytest

from analytics_lib.rendering.assets import _keep, load_assets


@pytest.fixture(autouse=True)
def fresh_process():
    load_assets.cache_clear()
    yield
    load_assets.cache_clear()


def test_names_tell_the_content():
    assets = load_assets()
    assert set(assets.names) == {"page.css", "page.js", "listing.js", "vega.js"}
    for plain, name in assets.names.items():
        digest = hashlib.sha256(assets.files[name]).hexdigest()[:16]
        assert name == f"{plain.partition('.')[0]}-{digest}.{plain.partition('.')[2]}"


def test_assets_are_built_once_in_a_process():
    assert load_assets() is load_assets()


def test_bundle_is_kept_between_processes_and_taken_from_there(tmp_path):
    folder = tmp_path / "cache"
    built = load_assets(folder)
    (kept,) = folder.iterdir()
    assert kept.read_bytes() == built.files[built.names["vega.js"]]
    kept.write_text("// from the cache", encoding="utf-8")
    load_assets.cache_clear()
    assert load_assets(folder).text("vega.js") == "// from the cache"


def test_unwritable_cache_only_costs_time(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert "vegaEmbed" in load_assets(tmp_path / "file").text("vega.js")


def test_interrupted_write_leaves_no_entry(tmp_path, monkeypatch):
    def full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full_disk)
    _keep(tmp_path / "vega.js", "x")
    assert list(tmp_path.iterdir()) == []


def test_styles_and_scripts_need_nothing_from_elsewhere():
    assets = load_assets()
    css = assets.text("page.css")
    assert "@import" not in css
    assert "url(" not in css
    for name in ("page.js", "listing.js"):
        script = assets.text(name)
        assert not re.search(r"https?://|\beval\(|new Function|innerHTML|fetch\(", script)


def test_both_modes_and_paper_have_their_colours():
    css = load_assets().text("page.css")
    assert css.index("color-scheme:light") < css.index("color-scheme:dark")
    assert '@media screen{:root[data-theme="dark"]' in css
    assert "prefers-reduced-motion" in css
    assert "@media print" in css
