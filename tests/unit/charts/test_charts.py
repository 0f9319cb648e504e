"""Charts: what their specifications hold, and what they refuse."""

from __future__ import annotations

import doctest
import json
from decimal import Decimal
from importlib import import_module

import altair as alt
import pandas as pd
import pytest
import vl_convert

from analytics_lib import charts
from analytics_lib.charts import Field
from analytics_lib.charts.fields import MAX_ROWS
from analytics_lib.errors import InputError
from analytics_lib.model.theme import CONTEXT, HIGHLIGHT, WIDTH, vega_config
from analytics_lib.rendering.figures import embeddable

MONTHS = pd.date_range("2013-01-01", periods=4, freq="MS")
FRAME = pd.DataFrame(
    {
        "month": MONTHS.repeat(2),
        "airport": ["EWR", "JFK"] * 4,
        "share": [0.7, 0.8, 0.72, 0.79, 0.69, 0.75, 0.74, 0.81],
        "network": 0.75,
        "low": [0.6, None] * 4,
        "high": [0.8, None] * 4,
        "unused": "x" * 1000,
    }
)
ONE = FRAME[FRAME.airport == "EWR"]
SHARE = Field("share", "Arrivals on time", "percent")
MONTH = Field("month", "Month", "month")
SAID = "It moves."


def highlighted(frame):
    return "EWR" if len(frame) else None


DRAWN = {
    "line": lambda frame: charts.line(frame, MONTH, SHARE, description=SAID),
    "lines": lambda frame: charts.line(
        frame,
        MONTH,
        SHARE,
        color="airport",
        highlight="EWR" if len(frame) else None,
        band=("low", "high"),
        description=SAID,
    ),
    "standing bars": lambda frame: charts.bar(frame, MONTH, SHARE, reference="network", description=SAID),
    "lying bars": lambda frame: charts.bar(frame, SHARE, "airport", reference="network", description=SAID),
    "stacked bars": lambda frame: charts.bar(frame, MONTH, SHARE, color="airport", description=SAID),
    "heat map": lambda frame: charts.heatmap(frame, "airport", "month", SHARE, labels=True, description=SAID),
    "scatter": lambda frame: charts.scatter(frame, "network", SHARE, label="airport", size="high", description=SAID),
    "interval": lambda frame: charts.interval(
        frame, SHARE, "airport", bounds=("low", "high"), reference="network", description=SAID
    ),
}


@pytest.fixture(params=sorted(DRAWN))
def draw(request):
    return DRAWN[request.param]


def marks(spec):
    return [layer["mark"]["type"] for layer in spec["layer"]]


def test_every_chart_can_be_drawn(draw):
    spec = draw(FRAME).to_dict()
    svg = vl_convert.vegalite_to_svg({**spec, "width": 360})
    assert svg.count("<path") > 4


def test_every_chart_is_as_wide_as_its_page_and_says_what_it_shows(draw):
    spec = draw(FRAME).to_dict()
    assert spec["width"] == "container"
    assert spec["description"].endswith(SAID)
    assert "arrivals on time" in spec["description"]


def test_a_chart_carries_only_the_columns_that_it_shows(draw):
    assert "unused" not in json.dumps(draw(FRAME).to_dict())


def test_an_empty_frame_says_so(draw):
    spec = draw(FRAME.head(0)).to_dict()
    assert marks(spec) == ["text"]
    assert "no data" in spec["description"].lower()


def test_a_missing_column_names_the_nearest(draw):
    with pytest.raises(InputError, match=r"no column 'share'; did you mean 'shares'\?"):
        draw(FRAME.rename(columns={"share": "shares"}))


def test_too_many_rows_ask_for_aggregation(draw):
    long = pd.concat([FRAME] * (MAX_ROWS // len(FRAME) + 1))
    with pytest.raises(InputError, match=r"5,008 rows.*aggregate"):
        draw(long)


def test_numbers_are_required_where_numbers_are_drawn():
    with pytest.raises(InputError, match=r"'airport' must hold numbers, not text"):
        charts.line(FRAME, "month", "airport", description=SAID)


def test_a_chart_without_a_message_is_refused():
    with pytest.raises(InputError, match="needs a description"):
        charts.line(ONE, MONTH, SHARE, description=" ")


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(InputError, match=r"did you mean 'percent'"):
        charts.line(ONE, MONTH, Field("share", format="percnt"), description=SAID)


def test_a_highlight_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="there are EWR, JFK"):
        charts.line(FRAME, MONTH, SHARE, color="airport", highlight="LGA", description=SAID)
    with pytest.raises(InputError, match="no bar is named 'LGA'"):
        charts.bar(ONE, "airport", SHARE, highlight="LGA", description=SAID)


def test_more_lines_than_colours_are_refused():
    many = pd.DataFrame({"x": [1] * 8, "y": range(8), "kind": list("abcdefgh")})
    with pytest.raises(InputError, match="8 lines"):
        charts.line(many, "x", "y", color="kind", description=SAID)


def test_a_highlighted_line_stands_before_grey_context():
    spec = DRAWN["lines"](FRAME).to_dict()
    scale = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "line")["encoding"]["color"]["scale"]
    assert dict(zip(scale["domain"], scale["range"], strict=True)) == {"EWR": HIGHLIGHT, "JFK": CONTEXT}


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other():
    close = FRAME.assign(share=[0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.5, 0.5])
    spec = charts.line(close, MONTH, SHARE, color="airport", description=SAID).to_dict()
    names = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "text")
    places = [row["label at"] for row in spec["datasets"][names["data"]["name"]]]
    assert abs(places[0] - places[1]) > 0.8 * 16 / 280


def test_the_order_of_kinds_is_the_frames():
    kinds = pd.DataFrame({"hour": ["9 p.m.", "6 a.m.", "noon"], "share": [0.1, 0.2, 0.3]})
    spec = charts.bar(kinds, "hour", SHARE, description=SAID).to_dict()
    assert spec["layer"][0]["encoding"]["x"]["sort"] == ["9 p.m.", "6 a.m.", "noon"]


def test_bars_start_at_zero():
    spec = charts.bar(ONE, SHARE, "airport", description=SAID).to_dict()
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"][0] == 0


def test_the_alternative_text_says_what_is_shown_by_what():
    chart = charts.heatmap(FRAME, "airport", Field("month", "Month"), SHARE, description="JFK leads.")
    assert chart.description == "Heat map of arrivals on time by airport and month. JFK leads."


def test_long_titles_break_before_they_are_cut():
    chart = charts.line(ONE, MONTH, SHARE, title="word " * 20, description=SAID)
    assert max(len(line) for line in chart.to_dict()["title"]["text"]) <= 34


def test_a_reference_line_needs_one_place():
    line = charts.line(ONE, MONTH, SHARE, description=SAID)
    with pytest.raises(InputError, match="either x or y"):
        charts.with_rule(line, x=1, y=1)
    with pytest.raises(InputError, match="either x or y"):
        charts.with_rule(line)
    assert marks(charts.with_rule(line, x="2013-02-08", label="storm").to_dict())[-2:] == ["rule", "text"]
    assert marks(charts.with_rule(line, y=0.7).to_dict())[-1] == "rule"
    assert len(line.layer) == 2, "the chart itself stays as it was"


def test_names_with_special_characters_are_columns_all_the_same():
    odd = ONE.rename(columns={"share": "a.b[0]'s"})
    spec = charts.line(odd, MONTH, Field("a.b[0]'s", "Odd"), description=SAID).to_dict()
    assert vl_convert.vegalite_to_svg({**spec, "width": 360}).count('aria-roledescription="point"') >= len(odd)


def test_the_theme_is_the_light_one_and_altairs_own():
    assert alt.theme.active == "analytics"
    assert DRAWN["line"](ONE).to_dict()["config"] == vega_config("light")


def test_few_days_have_a_tick_each():
    quarter = pd.DataFrame({"month": pd.date_range("2013-04-01", periods=3, freq="MS"), "flights": [3, 1, 2]})
    spec = charts.line(quarter, Field("month", format="month"), "flights", description=SAID).to_dict()
    ticks = spec["layer"][0]["encoding"]["x"]["axis"]["values"]
    assert [(tick["year"], tick["month"], tick["date"]) for tick in ticks] == [(2013, 4, 1), (2013, 5, 1), (2013, 6, 1)]
    hours = quarter.assign(month=pd.date_range("2013-04-01", periods=3, freq="h"))
    assert (
        "values"
        not in charts.line(hours, "month", "flights", description=SAID).to_dict()["layer"][0]["encoding"]["x"]["axis"]
    )


def test_a_chart_reaches_the_page_as_bare_vega_lite():
    bundle, *_ = DRAWN["line"](ONE)._repr_mimebundle_(None, None)
    bundle = bundle if isinstance(bundle, dict) else DRAWN["line"](ONE)._repr_mimebundle_(None, None)
    assert set(bundle) == {charts.MIME_TYPE, "text/plain"}
    assert bundle["text/plain"].endswith(SAID)
    assert bundle[charts.MIME_TYPE]["layer"]
    # JupyterLab hangs at "container"; what stands for it there does not reach a page, which draws it in its own width.
    assert bundle[charts.MIME_TYPE]["config"]["view"]["continuousWidth"] == WIDTH["continuousWidth"]
    assert {"width", "config"}.isdisjoint(embeddable(bundle[charts.MIME_TYPE]))


@pytest.mark.parametrize("module", ["", ".frame", ".lines"])
def test_the_examples_run(module):
    assert doctest.testmod(import_module(f"analytics_lib.charts{module}")).failed == 0


def test_exact_decimals_are_drawn_as_numbers():
    import altair as alt
    import pyarrow as pa

    exact = pa.table({"day": ["a", "b"], "amount": pa.array([Decimal("1.10"), None], pa.decimal128(12, 2))})
    frame = exact.to_pandas(types_mapper={pa.decimal128(12, 2): pd.ArrowDtype(pa.decimal128(12, 2))}.get)
    assert str(frame["amount"].dtype).startswith("decimal")
    for chart in (
        charts.bar(frame, "day", "amount", description="Amounts by day."),
        alt.Chart(frame).mark_bar().encode(x="day", y="amount"),
    ):
        assert "1.1" in json.dumps(chart.to_dict())
