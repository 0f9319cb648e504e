"""What a view shows: words, charts, table, CSV, statement; and the sentence where it cannot be had."""

from __future__ import annotations

import csv
import io

import pytest

import analytics_lib as al
from analytics_lib.charts import MIME_TYPE
from analytics_lib.exploring.answers import find_answer, outputs_of, statement_outputs, to_csv
from analytics_lib.exploring.view import make_view, read_query
from analytics_lib.model.handover import ADDRESS, DOWNLOAD


def shown(shop, *given, **named):
    return outputs_of(find_answer(shop, make_view(*given, **named)))


def html_of(outputs):
    return " ".join(each["data"].get("text/html", "") for each in outputs)


def charts_of(outputs):
    return [each["data"][MIME_TYPE] for each in outputs if MIME_TYPE in each["data"]]


def test_lines_over_time_one_chart_a_metric(shop):
    outputs = shown(shop, ["revenue", "open_share"], ["month", "channel"], days=("2026-01-01", "2026-03-31"))
    revenue, share = charts_of(outputs)
    assert revenue["description"].startswith("Line chart of revenue, USD by month and channel.")
    assert share["description"].startswith("Line chart of open share by month and channel.")
    assert read_query(outputs[0]["data"][ADDRESS]["query"]).by == ("month", "channel")
    text = html_of(outputs)
    assert "Revenue and Open share by month and channel, from 1 Jan 2026 to 31 Mar 2026: 9 rows." in text
    assert "<td>Jan 2026</td>" in text
    assert "<th>Revenue, USD</th>" in text


def test_bars_of_kinds_the_highest_first(shop):
    (chart,) = charts_of(shown(shop, "revenue", "channel"))
    assert chart["description"].startswith("Bar chart of revenue, USD by channel.")
    rows = next(iter(chart["datasets"].values()))
    assert [row["revenue"] for row in rows] == sorted((row["revenue"] for row in rows), reverse=True)
    assert {row["__kind"] for row in rows} == {"web", "=<b>app</b>", "(none)"}


@pytest.mark.parametrize(
    ("chosen", "count", "words"),
    [
        ({"chart": "none"}, 0, ""),
        ({"by": "channel", "chart": "line"}, 1, "A line needs a period; these are bars."),
        ({"by": ["month", "channel"], "chart": "bar"}, 1, "these are lines, one for each kind"),
        ({"by": ["month"], "chart": "bar"}, 1, ""),
        ({"by": ["month", "size"]}, 1, "7 of 30 lines are drawn"),
        ({"by": ["size"]}, 1, "20 of 30 bars are drawn; the table has all."),
        ({"by": ["size"], "limit": 3}, 1, "The table shows the first 3 of 30 rows."),
        ({"by": []}, 0, ""),
        ({"by": ["day", "size"], "days": ("2000-01-01", "2026-12-31")}, 0, "Revenue is not drawn. The frame has"),
    ],
)
def test_what_is_drawn_and_what_is_said_of_it(shop, chosen, count, words):
    outputs = shown(shop, "revenue", **{"by": "channel", **chosen})
    assert len(charts_of(outputs)) == count
    assert words in html_of(outputs)


def test_rows_stand_in_the_order_asked_for_and_a_missing_value_last(shop):
    answer = find_answer(shop, make_view("revenue", "size", order="-revenue"))
    assert answer.frame["revenue"].is_monotonic_decreasing
    answer = find_answer(shop, make_view("revenue", "channel", order="channel"))
    assert answer.frame["channel"].tolist()[:2] == ["=<b>app</b>", "web"]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"metrics": "revnue"}, "There is no metric &#x27;revnue&#x27;.</strong> Did you mean &#x27;revenue&#x27;?"),
        ({"by": "<script>"}, "has no dimension &#x27;&lt;script&gt;&#x27;"),
        ({"metrics": ["revenue", "pieces"], "by": "channel"}, "No join leads from metric &#x27;pieces&#x27;"),
        ({"order": "-revnue", "by": "channel"}, "There is no column &#x27;revnue&#x27; to order by"),
        ({"days": ("2026-02-01", "2026-01-01")}, "The end 2026-01-01 is before the start 2026-02-01"),
        ({"where": {"channel": "none such"}, "by": "channel"}, "<strong>There are no rows.</strong>"),
        ({"metrics": []}, "<strong>Choose a metric.</strong>"),
    ],
)
def test_a_mistake_is_a_sentence_and_the_address_holds_it(shop, chosen, sentence):
    outputs = shown(shop, **{"metrics": "revenue", **chosen})
    assert ADDRESS in outputs[0]["data"]
    assert sentence in html_of(outputs)
    assert charts_of(outputs) == []


def test_csv_holds_all_rows_and_values_as_they_are(shop):
    outputs = shown(shop, ["revenue", "open_share"], "channel", limit=1)
    file = next(each["data"][DOWNLOAD] for each in outputs if DOWNLOAD in each["data"])
    assert (file["name"], file["label"]) == ("revenue-open_share.csv", "Download CSV, 3 rows")
    rows = list(csv.reader(io.StringIO(file["text"])))
    assert rows[0] == ["channel", "revenue", "open_share"]
    assert sorted(row[0] for row in rows[1:]) == ["", "=<b>app</b>", "web"]
    assert file["text"].count("\r\n") == 4
    assert "2026-01-01," in to_csv(shop.query("revenue", by="month"))


def test_an_earlier_time_has_columns_and_a_line_of_its_own(shop):
    days = ("2026-02-01", "2026-03-31")
    outputs = shown(shop, ["revenue", "open_share"], "month", days=days, compare="previous_period")
    text = html_of(outputs)
    assert "from 1 Feb 2026 to 31 Mar 2026, beside the previous period: 2 rows." in text
    for heading in ("Revenue, USD", "Revenue before", "Revenue change", "Revenue growth", "Open share change"):
        assert f"<th>{heading}</th>" in text
    assert "points</td>" in text
    revenue, _ = charts_of(outputs)
    assert {row["__kind"] for row in next(iter(revenue["datasets"].values()))} == {"These days", "Previous period"}
    statement = find_answer(shop, make_view("revenue", days=days, compare="previous_period")).statement
    assert statement.text.count(":") >= 2


def test_data_is_escaped_in_the_page(shop):
    text = html_of(shown(shop, "revenue", "channel", where={"channel": ["=<b>app</b>", "web"]}))
    assert "<td>=&lt;b&gt;app&lt;/b&gt;</td>" in text
    assert "<b>app" not in text


def test_values_stand_apart_from_the_statement(shop):
    answer = find_answer(shop, make_view("revenue", where={"channel": ["web", "O'Hara"]}))
    assert "O'Hara" not in answer.statement.text
    assert sorted(answer.statement.values.values()) == ["O'Hara", "web"]
    assert all(f":{name}" in answer.statement.text for name in answer.statement.values)
    statement, _, values = statement_outputs(answer.statement)
    assert "SELECT" in statement["data"]["text/html"]
    assert "O&#x27;Hara" in values["data"]["text/html"] or "O'Hara" in values["data"]["text/html"]


def test_a_slow_query_is_ended_and_said(shop, bench, monkeypatch):
    monkeypatch.setattr("analytics_lib.exploring.metrics.SECONDS", 0.05)
    endless = "select a.range as pairs from range(1000000) a, range(1000000) b where a.range > b.range"
    model = f"{{owner: a@example.com, connection: shop, query: '{endless}', measures: {{pairs: {{aggregate: sum}}}}}}"
    bench.write("metrics/pairs.yml", f"{model[:-1]}, metrics: {{pairs: {{}}}}}}")
    answer = find_answer(al.metrics(), make_view("pairs"))
    assert answer.fault[0].startswith("The query ran longer than 0.05 s and was ended")
