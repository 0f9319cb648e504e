from __future__ import annotations

import duckdb
import pytest

from analytics_lib.errors import AnalyticsError, ParameterError
from analytics_lib.server.apps.catalogue import find_app
from analytics_lib.server.apps.opening import open_app, read_query
from analytics_lib.workspace import load_workspace
from analytics_lib.workspace.notebooks import declared_parameters

DECLARED = """\
region: str = "north"
top: int = 3
day: date = "2026-01-31"
tags: list = ["a"]
note: str | None = None
"""


@pytest.fixture
def sales(bench):
    """Open the app of a report with the given keys, whose notebook has the given parameters cell."""

    def sales(given, cell=DECLARED, **keys):
        bench.notebook("sales", parameters=cell)
        bench.report("sales", app=True, **keys)
        return open_app(load_workspace(bench.root), find_app(bench.root, "sales"), given)

    return sales


def read(**arguments):
    values = {name: [each.encode() for each in given] for name, given in arguments.items()}
    return read_query(values, declared_parameters(DECLARED, "cell 1"), "app 'x'")


def test_texts_of_the_address_are_given_as_they_are():
    assert read(region=["a&b=ü "], top=["5"], other=["1"]) == {"region": "a&b=ü ", "top": "5", "other": "1"}


def test_an_empty_field_of_the_form_is_no_value_unless_it_is_text():
    assert read(region=[""], top=[""], day=[" "], tags=[""]) == {"region": ""}


def test_several_values_make_a_list_where_the_parameter_is_one():
    assert read(tags=["a", "b"]) == {"tags": ["a", "b"]}
    with pytest.raises(ParameterError, match="parameter 'top' is given 2 times; give it once"):
        read(top=["1", "2"])


def test_what_is_no_text_is_refused():
    with pytest.raises(ParameterError, match="the value of 'region' is not UTF-8 text"):
        read_query({"region": [b"\xff"]}, {}, "app 'x'")


def test_values_are_typed_and_defaults_filled_in(sales):
    opening = sales({"top": "4", "day": "2026-02-01"}, title="Sales: {region}, {top}")
    assert opening.values == {"region": "north", "top": 4, "day": "2026-02-01", "tags": ["a"], "note": None}
    assert (opening.title, opening.choices, opening.through) == ("Sales: north, 4", {}, None)


@pytest.mark.parametrize(
    "given",
    [{"regoin": "north"}, {"top": "many"}, {"top": "9"}, {"day": "31.1.2026"}, {"region": "west"}, {"tags": "[1"}],
)
def test_the_sentences_are_those_of_the_command_line(bench, sales, given, analytics):
    refined = {"top": {"max": 5}, "region": {"choices": ["north", "south"]}}
    with pytest.raises(AnalyticsError) as caught:
        sales(given, parameters=refined)
    ((name, value),) = given.items()
    said = analytics("--workspace", bench.root, "run", "sales", "-p", f"{name}={value}")
    assert said.code == 2
    assert caught.value.message in said.err
    assert (caught.value.where or "") in said.err


def test_a_missing_value_is_asked_for_in_the_address(sales):
    with pytest.raises(ParameterError, match=r"parameter 'top' needs a value; give .* in the address: `\?top=…`"):
        sales({}, cell="top: int")


def test_an_app_shows_one_of_the_pages_that_the_report_file_spreads(sales):
    spread = {"for_each": {"region": ["north", "south"]}, "title": "Sales: {region}"}
    assert sales({}, **spread).title == "Sales: north"
    opening = sales({"region": "south"}, **spread)
    assert (opening.title, opening.values["region"]) == ("Sales: south", "south")
    assert opening.choices == {"region": {"north": "north", "south": "south"}}
    with pytest.raises(ParameterError, match="parameter 'region' cannot be 'west'; known are 'north' and 'south'"):
        sales({"region": "west"}, **spread)


def test_a_spread_parameter_without_a_default_needs_a_value(sales):
    with pytest.raises(ParameterError, match="parameter 'region' needs a value"):
        sales({}, cell="region: str", for_each={"region": ["north"]})


def test_choices_and_freshness_come_from_the_database(bench, sales):
    bench.write("analytics.toml", '[connections.warehouse]\nurl = "duckdb:///shop.duckdb"\n')
    with duckdb.connect(bench.root / "shop.duckdb") as db:
        db.execute("create table orders (region varchar, day date)")
        db.execute("insert into orders values ('north', '2026-06-01'), ('south', '2026-06-04')")
    regions = "select region, 'The ' || region as label from orders order by 1"
    opening = sales(
        {"region": "south"},
        title="Sales: {region}",
        for_each={"region": {"connection": "warehouse", "query": regions}},
        freshness={"connection": "warehouse", "query": "select max(day) from orders"},
    )
    assert opening.choices == {"region": {"north": "The north (north)", "south": "The south (south)"}}
    assert f"{opening.through:%Y-%m-%d}" == "2026-06-04"
    assert opening.title == "Sales: The south"
