from __future__ import annotations

import json

import pytest

from analytics_lib.model.theme import vega_config
from analytics_lib.rendering.figures import describe, embeddable, reads_address, to_script_json

DELAY = {"field": "delay", "type": "quantitative", "title": "Delay"}
X, Y = {"field": "month", "type": "temporal"}, {"field": "delay", "type": "quantitative", "aggregate": "mean"}


def test_theme_is_left_to_the_page_and_own_choices_stay():
    config = {**vega_config("light"), "view": {"stroke": "red", "continuousWidth": 300}, "bar": {"opacity": 0.5}}
    chart = embeddable({"mark": "bar", "config": config})
    assert chart == {"mark": "bar", "config": {"view": {"stroke": "red"}, "bar": {"opacity": 0.5}}}


def test_plain_theme_leaves_no_configuration():
    assert embeddable({"mark": "bar", "config": vega_config("light")}) == {"mark": "bar"}


def test_addresses_and_embed_options_go():
    spec = {"$schema": "https://example.org/v5.json", "usermeta": {"embedOptions": {"actions": True}}, "mark": "bar"}
    assert embeddable(spec) == {"mark": "bar"}


def test_the_given_specification_is_not_changed():
    spec = {"mark": "bar", "config": vega_config("light")}
    embeddable(spec)
    assert spec["config"] == vega_config("light")


def test_json_cannot_leave_its_element():
    value = {"a": "</script><!--\u2028", "b": [float("nan"), float("inf"), 1.5]}
    text = to_script_json(value)
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"a": "</script><!--\u2028", "b": [None, None, 1.5]}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"data": {"url": "data.csv"}}, True),
        ({"hconcat": [{"mark": "bar"}, {"layer": [{"data": {"url": "x"}}]}]}, True),
        ({"transform": [{"lookup": "a", "from": {"data": {"url": "x"}}}]}, True),
        ({"data": {"values": [{"data": {"url": "only a value"}}]}}, False),
        ({"data": {"name": "d"}, "datasets": {"d": [{"url": "x"}]}}, False),
    ],
)
def test_data_from_an_address_is_found(spec, expected):
    assert reads_address(spec) is expected


@pytest.mark.parametrize(
    ("spec", "given", "expected"),
    [
        ({"description": "Said", "title": "T"}, "cell", "Said"),
        ({"title": "T", "mark": "bar"}, " cell ", "cell"),
        (
            {"title": {"text": ["Late", "flights"], "subtitle": "by month."}, "mark": {"type": "line"},
             "encoding": {"x": X, "y": Y, "color": {"field": "carrier"}}},
            "",
            "Late flights. by month. Line chart of the mean of delay by month, coloured by carrier.",
        ),
        (
            {"encoding": {"x": X}, "layer": [{"mark": "bar", "encoding": {"y": Y}}, {"mark": "line"}]},
            "",
            "Bar chart and line chart of the mean of delay by month.",
        ),
        (
            {"facet": {"field": "origin"}, "spec": {"mark": "area", "encoding": {"x": X, "y": DELAY}}},
            "",
            "Area chart of Delay by month.",
        ),
        ({"mark": "arc", "encoding": {"theta": {"aggregate": "count"}, "color": {"field": "c"}}}, "",
         "Pie chart of the count, coloured by c."),
        ({"mark": "text"}, "", "Chart."),
        ({"hconcat": [{"mark": "point", "encoding": {"x": X, "y": Y, "row": {"field": "r"}}}, {"mark": "rect"}]}, "",
         "Scatter plot and heat map of the mean of delay by month, a panel for each r."),
    ],
)  # fmt: skip
def test_description_says_what_is_drawn(spec, given, expected):
    assert describe(spec, given) == expected
