"""The command ``analytics apps``, as far as it goes without a kernel."""

from __future__ import annotations

import socket

import pytest

from analytics_lib.cli import apps


@pytest.fixture
def served(monkeypatch):
    """Take the server's place; return what the command asked of it."""
    calls = []

    def serve(workspace, **options):
        calls.append(options)
        options["ready"](f"http://{options['host']}:{options['port']}/")

    monkeypatch.setattr("analytics_lib.server.apps.serve_apps", serve)
    return calls


@pytest.fixture
def sales(bench, monkeypatch):
    monkeypatch.chdir(bench.root)
    bench.notebook("sales")
    bench.report("sales", title="Sales [2026]", app=True)
    return bench


def test_it_names_the_address_and_each_app(analytics, sales, served):
    said = analytics("apps", "--port", 9000)
    assert said.code == 0
    assert "Tried, 1 app: http://127.0.0.1:9000/" in said.out
    assert "Sales [2026]  http://127.0.0.1:9000/app/sales" in said.out
    assert "no login" not in said.out
    assert (served[0]["host"], served[0]["port"]) == ("127.0.0.1", 9000)


def test_other_addresses_come_with_a_warning(analytics, sales, served):
    assert "There is no login: whoever reaches this address" in analytics("apps", "--host", "0.0.0.0").out


def test_what_cannot_be_opened_is_said_and_the_rest_is_served(analytics, sales, served):
    sales.write("notebooks/apps/broken.ipynb", "{")
    said = analytics("apps")
    assert said.code == 0
    assert "Error notebooks/apps/broken.ipynb: the file is not a notebook." in said.err
    assert len(served) == 1


def test_a_workspace_without_apps(analytics, bench, monkeypatch):
    monkeypatch.chdir(bench.root)
    said = analytics("apps")
    assert said.code == 2
    assert "there are no apps yet" in said.err
    assert "Write `app: true` into a report file, or put a notebook into notebooks/apps." in said.err


def test_a_port_that_is_taken(analytics, sales):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = analytics("apps", "--port", taken.getsockname()[1])
    assert said.code == 2
    assert "is already taken" in said.err


@pytest.mark.parametrize(
    ("terminal", "environment", "options", "opens"),
    [
        (True, {"DISPLAY": ":0"}, [], True),
        (True, {"DISPLAY": ":0"}, ["--no-browser"], False),
        (True, {}, [], False),
        (False, {"DISPLAY": ":0"}, [], False),
    ],
)
def test_a_browser_is_opened_where_somebody_would_see_it(
    analytics, sales, served, monkeypatch, terminal, environment, options, opens
):
    opened = []
    monkeypatch.setattr(apps.webbrowser, "open", opened.append)
    monkeypatch.setattr(apps.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(apps, "_has_terminal", lambda: terminal)
    analytics("apps", *options)
    assert opened == (["http://127.0.0.1:8866/"] if opens else [])
