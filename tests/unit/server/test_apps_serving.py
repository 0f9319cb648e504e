"""What the server of apps answers without a kernel: sentences, its own files, and nothing else of the machine."""

from __future__ import annotations

import json
import re
import socket

import pytest
from support.apps import serving
from support.bench import make_bench

from analytics_lib.errors import InputError
from analytics_lib.server.apps.channels import find_file
from analytics_lib.server.apps.frontend import EXTENSIONS, STATIC, page_config, widget_extensions
from analytics_lib.server.apps.serving import serve_apps
from analytics_lib.workspace import load_workspace

CELLS = "top: int = 3  # how many\nday: date = '2026-01-31'\nneeded: str"
UNKNOWN = "0123abcd-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = make_bench(tmp_path_factory.mktemp("apps") / "workspace")
    bench.notebook("sales", parameters=CELLS)
    bench.report("sales", title="Sales", app=True, description="What was sold <b>.")
    bench.write("notebooks/apps/broken.ipynb", "{")
    bench.write("notebooks/apps/picture.png", "secret")
    bench.write("data/numbers.csv", "secret")
    return bench


@pytest.fixture(scope="module")
def served(bench):
    """The server, without a kernel standing ready: none of these tests starts one."""
    with serving(bench.root, spare=False) as served:
        yield served


def test_the_list_shows_the_apps_and_what_cannot_be_opened(served):
    status, headers, text = served.ask("/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert '<a href="/app/sales">Sales</a>' in text
    assert "What was sold &lt;b&gt;." in text
    assert "The file is not a notebook." in text
    assert "notebooks/apps/broken.ipynb" in text


def test_the_list_of_a_workspace_without_apps_says_how_to_make_one(tmp_path):
    with serving(make_bench(tmp_path / "empty").root, spare=False) as served:
        assert "There are no apps yet." in served.ask("/").text


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("needed=x&tp=3", "Unknown parameter &#39;tp&#39;.</strong> Did you mean &#39;top&#39;?"),
        ("needed=x&top=many", "Parameter &#39;top&#39;: &#39;many&#39; is not a whole number."),
        ("needed=x&top=1&top=2", "Parameter &#39;top&#39; is given 2 times.</strong> Give it once."),
        ("needed=%FF", "The value of &#39;needed&#39; is not UTF-8 text."),
        ("", "Parameter &#39;needed&#39; needs a value.</strong> Give text in the address: `?needed=…`."),
    ],
)
def test_a_bad_address_is_answered_with_a_sentence_and_the_form(served, query, sentence):
    status, _, text = served.ask(f"/app/sales?{query}")
    assert status == 400
    assert sentence in text
    assert '<form class="parameters"' in text
    assert 'name="top"' in text


def test_the_form_holds_what_the_address_gave_escaped(served):
    text = served.ask("/app/sales?needed=%22%3E%3Cscript%3E&top=many").text
    assert 'value="&#34;&gt;&lt;script&gt;"' in text
    assert 'value="many"' in text


def test_an_app_that_cannot_be_read_says_why(served):
    status, _, text = served.ask("/app/broken")
    assert status == 400
    assert "The file is not a notebook." in text


@pytest.mark.parametrize(
    "path",
    [
        "/app/nothing", "/app/", "/app/..%2Fsales", "/app/sales/x", "/app/.hidden", "/nothing", "/favicon.ico",
        "/analytics.toml", "/notebooks/sales.ipynb", "/data/numbers.csv", "/.analytics/state.db", "//etc/passwd",
        "/voila/files/analytics.toml", "/voila/files/notebooks/apps/picture.png", "/voila/tree",
        "/voila/tree/notebooks",
        "/voila/render/notebooks/sales.ipynb", "/voila/api/contents/", "/voila/api/contents/notebooks/sales.ipynb",
        "/api/contents", "/api/kernels", "/api/kernelspecs", "/api/sessions", "/api/terminals", "/tree", "/lab",
        "/login", "/logout",
        f"/api/kernels/{UNKNOWN}", f"/voila/execution/{UNKNOWN}", "/static/base/images/logo.png",
        f"{STATIC}/", f"{STATIC}/../../../../../etc/passwd", f"{STATIC}/..%2f..%2fbase", f"{STATIC}/.voila.js",
        "/voila/static/voila.js", "/voila/templates/base/static/voila.js",
        f"{EXTENSIONS}/", f"{EXTENSIONS}/@jupyter-widgets", f"{EXTENSIONS}/@jupyter-widgets/../../../../etc/passwd",
        f"{EXTENSIONS}/@jupyter-widgets/%2e%2e/x.js", f"{EXTENSIONS}//etc/passwd.js",
        "/_assets/", "/_assets/../analytics.toml", "/_assets/page.css",
    ],
)  # fmt: skip
def test_nothing_else_is_answered(served, path):
    status, _, text = served.ask(path)
    assert status == 404, path
    assert "secret" not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_can_only_be_read(served, method):
    for path in ("/", "/app/sales?needed=x", f"/api/kernels/{UNKNOWN}"):
        assert served.ask(path, method, Origin=served.address.rstrip("/")).status in {403, 404, 405}, path


def test_what_pages_load_is_there_and_of_a_known_type(served):
    page = served.ask("/").text
    loaded = re.findall(r'(?:src|href)="(/_assets/[^"]+)"', page)
    assert len(loaded) == 3
    for path in [*loaded, f"{STATIC}/voila.js"]:
        status, headers, _ = served.ask(path)
        assert status == 200
        assert headers["Content-Type"].startswith("text/css" if path.endswith(".css") else "text/javascript")
        assert "immutable" in headers["Cache-Control"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    again = served.ask(loaded[0], If_None_Match=served.ask(loaded[0]).headers["ETag"])
    assert again.status == 304


def test_the_scripts_of_widgets_are_those_of_the_installed_packages(served):
    names = [each["name"] for each in widget_extensions()]
    assert "@jupyter-widgets/jupyterlab-manager" in names
    assert "@voila-dashboards/widgets-manager8" in names
    assert "jupyterlab_pygments" not in names
    for each in widget_extensions():
        assert served.ask(f"{EXTENSIONS}/{each['name']}/{each['load']}").status == 200


def test_what_voilas_script_is_told_names_no_other_machine():
    from analytics_lib.server.apps.frontend import load_frontend

    config = page_config("id", load_frontend())
    assert "http" not in json.dumps(config)
    assert config["fullMathjaxUrl"] is None  # left out, it would be an address of the network
    assert config["federated_extensions"][-1]["name"] == "analytics-lib"


def test_every_answer_carries_the_security_headers(served):
    for path in ("/", "/app/sales", "/nothing", f"{STATIC}/voila.js"):
        headers = served.ask(path).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe-eval" not in headers["Content-Security-Policy"]
        assert headers["Server"] is None
    policy = served.ask("/").headers["Content-Security-Policy"]
    assert re.search(r"script-src ([^;]*);", policy)[1] == "'self'"
    assert "default-src 'none'" in policy


def test_a_foreign_name_for_this_machine_is_refused(served):
    for path in ("/", "/app/sales?needed=x", f"/app/kernel/{UNKNOWN}"):
        answer = served.ask(path, Host="evil.example")
        assert answer.status == 403, path
        assert "needs a value" not in answer.text


def test_an_app_is_opened_as_a_page_not_as_a_part_of_one(served):
    for part in ("image", "iframe", "script", "empty"):
        assert served.ask("/app/sales?needed=x", Sec_Fetch_Dest=part).status == 403


def test_a_kernel_is_ended_by_pages_of_this_server_only(served):
    path = f"/voila/api/shutdown/{UNKNOWN}"
    assert served.ask(path, "POST").status == 403
    assert served.ask(path, "POST", Origin="https://evil.example").status == 403
    assert served.ask(path, "POST", Origin=served.address.rstrip("/")).status == 204


def test_a_kernel_that_is_not_there_is_told(served):
    assert json.loads(served.ask(f"/app/kernel/{UNKNOWN}").text) == {"alive": False}


def test_files_are_found_below_their_folders_only(tmp_path):
    (tmp_path / "inside" / "@a" / "b").mkdir(parents=True)
    (tmp_path / "inside" / "@a" / "b" / "x.js").write_text("1")
    (tmp_path / "outside.js").write_text("2")
    (tmp_path / "inside" / "@a" / "b" / "link.js").symlink_to(tmp_path / "outside.js")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "y.js").write_text("3")
    (tmp_path / "inside" / "developed").symlink_to(tmp_path / "elsewhere")  # a package that is being worked on
    folders = (tmp_path / "none", tmp_path / "inside")
    assert find_file(folders, "@a/b/x.js") == b"1"
    assert find_file(folders, "developed/y.js") == b"3"
    for path in ("@a/b/link.js", "../outside.js", "@a/../../outside.js", "@a/b", "", "/", "@a//b/x.js", "@a/b/x.js/"):
        assert find_file(folders, path) is None, path


def test_a_port_that_is_taken_is_a_sentence(bench):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} is already taken"):
            serve_apps(load_workspace(bench.root), port=port)
