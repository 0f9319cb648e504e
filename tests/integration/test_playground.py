"""The playground's page: its address reaches the widget, and what is wrong with it is a sentence."""

from __future__ import annotations

import pytest
from support.apps import UNUSED, serving
from support.example import copied_example

FLIGHTS = "metrics=flights&by=origin&start=2013-01-01&end=2013-01-31&order=-flights"


@pytest.fixture(scope="module")
def served(root, tmp_path_factory):
    """The example's apps."""
    with serving(copied_example(root, tmp_path_factory.mktemp("example")), **UNUSED) as served:
        yield served


def test_the_answer_is_on_the_page_before_any_script_is(served):
    text = served.ask(f"/app/metrics?{FLIGHTS}").text
    preview = text[text.index('class="preview"') : text.index("application/vnd.voila.cell-output+json")]
    assert "Flights by origin, from 1 Jan 2013 to 31 Jan 2013: 3 rows." in preview
    rows = preview[preview.index("<tbody>") :]
    assert rows.index("9,893") < rows.index("9,161") < rows.index("7,950")
    assert "Bar chart of flights by origin." in preview
    assert "vnd.analytics-lib" not in preview
    assert text.index("voila.js") < text.index("<body")  # its scripts are asked for at once
    assert served.said == []


@pytest.mark.parametrize(
    ("address", "status", "sentence"),
    [
        ("metrics=flightz", 200, "There is no metric &#39;flightz&#39;."),
        ("metrics=flights,revenue&by=carrier", 200, "No join leads from metric"),
        ("metrics=flights&where=carrier", 200, "where is no JSON: carrier"),
        ("metrics=flights&chart=pie", 400, "Parameter &#39;chart&#39; cannot be &#39;pie&#39;."),
        ("metric=flights", 400, "Did you mean &#39;metrics&#39;?"),
        ("metrics=flights&by=month&start=2013-02-31", 400, "&#39;2013-02-31&#39; is not a date"),
    ],
)
def test_a_mistake_in_the_address_is_a_sentence(served, address, status, sentence):
    page = served.ask(f"/app/metrics?{address}")
    assert page.status == status
    assert sentence in page.text.replace("'", "&#39;")
    assert "Traceback" not in page.text
