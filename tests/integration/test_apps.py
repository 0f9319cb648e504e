"""Apps with their kernels: what a page shows as its notebook runs."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.apps import PID, UNUSED, is_gone, pid_of, serving, wait_until

HOSTILE = '\'"""\\\'; raise SystemExit #\n{x}</script>&ü'
COUNT = "print('charts' if 'analytics_lib.charts' in __import__('sys').modules else 'bare', a)"
HOSTILE_ADDRESS = "%27%22%22%22%5C%27%3B%20raise%20SystemExit%20%23%0A%7Bx%7D%3C%2Fscript%3E%26%C3%BC"


def test_a_page_shows_the_notebook_with_the_parameters_of_its_address(bench, app):
    app("sum", "print('sum', repr(a + b), repr(name))", parameters="a: int = 1\nb: int = 2\nname: str = 'x'")
    with serving(bench.root, **UNUSED) as served:
        assert "sum 3 &#39;x&#39;" in served.ask("/app/sum").text
        assert "sum 42 &#39;x&#39;" in served.ask("/app/sum?a=40").text
        assert served.said == []


def test_values_reach_the_notebook_as_they_are_whatever_they_hold(bench, app):
    declared = "from datetime import date\nvalue: str = ''\nvalues: list = []\nday: date = '2026-01-01'"
    app("echo", "import json\nprint(json.dumps([value, values, day]))", parameters=declared)
    with serving(bench.root, **UNUSED) as served:
        text = served.ask(f"/app/echo?value={HOSTILE_ADDRESS}&values=a&values={HOSTILE_ADDRESS}&day=2026-02-03").text
    shown = re.search(r'<pre class="stream"[^>]*>(.*?)</pre>', text, re.DOTALL)[1]
    for entity, sign in {"&#34;": '"', "&#39;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&"}.items():
        shown = shown.replace(entity, sign)
    assert json.loads(shown) == [HOSTILE, ["a", HOSTILE], "2026-02-03"]


def test_cells_arrive_one_after_the_other_behind_a_skeleton(bench, app, tmp_path):
    go = tmp_path / "go"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists():\n    time.sleep(0.01)"
    app("slow", "print('first')", wait, "print('last')")
    with serving(bench.root, **UNUSED) as served, served.opened("/app/slow") as until:
        begun = until("first")
        assert 'id="skeleton"' in begun
        assert begun.index('id="skeleton"') < begun.index("first")
        assert "finished" not in begun
        go.touch()
        whole = until("</html>")
        assert whole.index("last") < whole.index('class="finished"')


def test_an_app_runs_beside_its_notebook_in_the_workspace(bench, app):
    bench.write("analytics.toml", '[connections.here]\nurl = "duckdb://"\n')
    app("place", PID, "import analytics_lib as al\nprint(al.connect('here').sql('select 40 + 2 as n').n[0])")
    with serving(bench.root) as served, ThreadPoolExecutor() as pool:
        pages = list(pool.map(served.ask, ["/app/place"] * 2))  # one takes the kernel that stood ready, one a new one
    assert all(f"in {bench.root}/notebooks/apps" in page.text for page in pages)
    assert all(">42</pre>" in page.text for page in pages)
    assert len({pid_of(page.text) for page in pages}) == 2


def test_pages_share_nothing(bench, app):
    app("count", "import builtins\nbuiltins.seen = getattr(builtins, 'seen', 0) + 1\nprint('seen', seen)")
    with serving(bench.root) as served:
        assert all("seen 1<" in served.ask("/app/count").text for _ in range(3))


def test_a_widget_nobody_expected_brings_its_scripts(bench, app):
    app("hidden", "widgets = __import__('ipywidgets')\nwidgets.IntSlider()")
    with serving(bench.root, **UNUSED) as served:
        text = served.ask("/app/hidden").text
    assert text.count("voila.js") == 1
    assert text.index("voila.js") > text.index("</header>")


def test_what_stops_a_notebook_is_a_sentence_behind_what_it_showed(bench, app):
    app(
        "broken", PID, "x = 1\nraise ValueError('no <airline> has the code')", "print('never')", parameters="a: int = 1"
    )
    with serving(bench.root, **UNUSED) as served:
        text = served.ask("/app/broken?a=2").text
        sentence = "The cell raised ValueError: no &lt;airline&gt; has the code."
        assert text.index("pid") < text.index(sentence) < text.index('class="finished"')
        assert "notebooks/apps/broken.ipynb cell 3, line 2" in text
        assert "never" not in text
        assert "Traceback" not in text
        assert served.said == [
            "notebooks/apps/broken.ipynb cell 3, line 2: the cell raised ValueError: no <airline> has the code"
        ]
        wait_until(lambda: is_gone(pid_of(text)))


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("import os\nos._exit(1)", "The kernel died."),
        ("import sys\nsys.exit(2)", "The cell called sys.exit(2)."),
        ("import time\ntime.sleep(600)", "The cell ran longer than it may."),
        ("x = =", "The cell is not Python: invalid syntax."),
    ],
)
def test_a_kernel_that_goes_away_or_hangs_ends_with_a_sentence(bench, cell, sentence):
    bench.notebook("sales", cell)
    bench.report("sales", app=True, execution_timeout=2)
    with serving(bench.root, **UNUSED) as served:
        assert sentence in served.ask("/app/sales").text


def test_hidden_cells_run_and_are_not_shown(bench, app):
    notebook = json.loads(app("tags", "x = 40\nprint('hidden')", "print(x + 2)").read_text())
    notebook["cells"][1]["metadata"]["tags"] = ["remove-cell"]
    bench.write("notebooks/apps/tags.ipynb", json.dumps(notebook))
    with serving(bench.root, **UNUSED) as served:
        text = served.ask("/app/tags").text
    assert ">42</pre>" in text
    assert "hidden</pre>" not in text


def test_a_plain_kernel_serves_where_the_forked_one_is_not_installed(bench, app, monkeypatch):
    monkeypatch.setattr("analytics_lib.server.apps.kernels.KERNEL_NAME", "not-installed")
    app(
        "kernel",
        "import sys\nprint('charts' if 'analytics_lib.charts' in sys.modules else 'bare', a)",
        parameters="a: int = 1",
    )
    with serving(bench.root) as served:
        assert "charts 2" in served.ask("/app/kernel?a=2").text  # the kernel that stood ready has imported the usual


def test_a_fault_of_our_own_ends_the_page_with_a_sentence_too(bench, app, monkeypatch, caplog):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("analytics_lib.server.apps.pages.render_cell", fail)
    app("plain", PID)
    with serving(bench.root, **UNUSED) as served:
        text = served.ask("/app/plain").text
    assert "The page could not be finished. The server&#39;s terminal says why." in text
    assert text.rstrip().endswith("</html>")
    assert "/app/plain could not be finished" in caplog.text
