"""Metric files: what is wrong in one is a sentence with file and line."""

from __future__ import annotations

import os

import pytest
from support.metered import FILES, write_files

from analytics_lib.errors import MetricError
from analytics_lib.model.metrics.files import MetricModel, json_schema
from analytics_lib.workspace.metrics import load_metrics


def line_of(name, text):
    return FILES[name].lstrip().splitlines().index(text) + 1


def wrong(tmp_path, name, old, new):
    """Change a file, and return the sentence that it leads to."""
    assert old in FILES[name]
    with pytest.raises(MetricError) as error:
        write_files(tmp_path, {**FILES, name: FILES[name].replace(old, new, 1)})
    return str(error.value)


def test_the_files_of_these_tests_are_right(tmp_path):
    catalogue = write_files(tmp_path)
    assert sorted(catalogue.models) == ["customers", "lines", "orders", "visits"]
    revenue = catalogue.metric("revenue")
    assert (revenue.title, revenue.owner, revenue.metric.desired) == ("Revenue", "finance@example.com", "increase")


CASES = [
    ("orders", "table: orders", "tabel: orders", "metrics/orders.yml:3: unknown key 'tabel'; did you mean 'table'?"),
    ("orders", "aggregate: sum}", "aggregate: total}", "measures.amount.aggregate is 'total'; give it 'sum', 'count'"),
    ("orders", "aggregate: sum}", "agregate: sum}",
     "unknown key 'agregate' in measures.amount; did you mean 'aggregate'?"),
    ("orders", "{aggregate: sum}", "{}",
     "key 'aggregate' is missing in measures.amount; it is how rows become one number"),
    ("orders", ", q: 0.9}", "}", "q belongs to a percentile, and a percentile has q; 0.9 is an example"),
    ("orders", "owner: finance@example.com", "owner: ''", "metrics/orders.yml:1: owner is ''; give it some text"),
    ("orders", "table: orders", "table: orders\nquery: select 1",
     "the model has both a table and a query; give it one"),
    ("orders", "time: placed", "time: placd", "model 'orders' has no time dimension 'placd'; did you mean 'placed'?"),
    ("orders", "zone: Europe/Berlin", "zone: Europe/Berln", "there is no time zone 'Europe/Berln'"),
    ("orders", "{type: boolean}", "{type: boolean, zone: UTC}", "only a time has a zone; write type: time"),
    ("orders", "  channel:\n", "  month:\n", "'month' cannot be a dimension's name; it stands for periods of time"),
    ("orders", "  channel:\n", "  sales__channel:\n", "'sales__channel' cannot be a dimension's name; use up to 50"),
    ("orders", "  channel:\n", "  revenue:\n", "'revenue' is a dimension and a metric; give one of them another name"),
    ("orders", "{measure: amount, unit", "{measure: amuont, unit",
     "model 'orders' has no measure 'amuont'; did you mean 'amount'?"),
    ("orders", "{measure: amount, unit", "{measure: order.amount, unit",
     "there is no model 'order'; did you mean 'orders'?"),
    ("orders", "numerator: revenue", "numerator: revenu", "there is no metric 'revenu'; did you mean 'revenue'?"),
    ("orders", "numerator: units,", "", "a ratio metric has numerator and denominator; 'numerator' is missing"),
    ("orders", "{type: cumulative, measure: amount}", "{measure: amount, window: 7 days}",
     "a simple metric has no window"),
    ("orders", "window: 1 month", "window: a month",
     "the window is 'a month'; 7 days, 4 weeks or 12 months are examples"),
    ("orders", "window: 7 days}\n  average", "window: 7 days, to_date: month}\n  average", "leave out one of them"),
    ("orders", "/ revenue * 100", "/ revenu * 100", "there is no metric 'revenu'; did you mean 'revenue'?"),
    ("orders", "/ revenue * 100", "** 2", "the formula holds '(revenue - discounted) ** 2'; it may hold metrics"),
    ("orders", "/ revenue * 100", "/ __import__('os')", "the formula calls '__import__'; known are abs and coalesce"),
    ("orders", "(revenue - discounted)", "(margin - discounted)", "metrics lead in a circle: margin → margin"),
    ("orders", "{revenue_before: {metric: revenue,", "{revenue_before: {metric: revenu,",
     "there is no metric 'revenu'; did you mean 'revenue'?"),
    ("orders", "{revenue_before: {metric: revenue,", "{revenue_ago: {metric: revenue,",
     "the formula does not name the input 'revenue_ago'; it is revenue / revenue_before - 1"),
    ("orders", "revenue_before - 1", "revenue_bfore - 1", "the formula does not name the input 'revenue_before'"),
    ("orders", "week_before, inputs: {week_before:", "buyers, inputs: {buyers:",
     "the input 'buyers' is also a metric; give it another name: buyers_before"),
    ("orders", "offset_window: 1 quarter", "offset_window: a quarter",
     "the window is 'a quarter'; 7 days, 4 weeks or 12 months are examples"),
    ("orders", "order_value, offset_window: 1 quarter", "order_value",
     "key 'offset_window' is missing"),
    ("orders", "{growth_before: {metric: growth,", "{growth_before: {metric: swing,",
     "metrics lead in a circle: swing → swing"),
    ("orders", "{week_before: {metric: orders,", "{week_before: {metric: customers,",
     "metric 'customers' needs a time, and measure 'customers' of model 'customers' has none"),
    ("orders", "  growth:\n", "  growth:\n    examples: [{value: 3, start: 2026-01-01}]\n",
     "metric 'growth' looks back, and its example names no days; give it start and end"),
    ("orders", "denominator: orders}", "denominator: orders, inputs: {a: {metric: orders, offset_window: 1 day}}}",
     "a ratio metric has no inputs; it has numerator and denominator"),
    ("orders", "denominator: customers", "denominator: lines}\n  orders: {measure: orders",
     "key 'orders' stands twice"),
    ("orders", "denominator: orders}\n  orders_per", "denominator: margin}\n  orders_per", None),
    ("orders", "where: {channel: web}", "where: {chanel: web}",
     "metric 'web_revenue' has no dimension 'chanel'; did you mean 'channel'?"),
    ("orders", "where: {channel: web}", "where: {channel: []}",
     "the condition on 'channel' is an empty list; give at least one"),
    ("orders", "where: {channel: web}", "where: {channel: {env: X}}",
     "takes its value from env; only rules under rows do"),
    ("orders", "where: {channel: web}", "where: {product: cup}",
     "model 'lines' has many rows for each row of model 'orders'"),
    ("orders", "{customer.region: [EU", "{region: [EU",
     "2 ways lead from metric 'eu_revenue' (model 'orders') to the dimension 'region'"),
    ("orders", "staff: {}", "staff:", "the rule for 'staff' is empty; {} lets it see every row"),
    ("orders", "order: {type: primary", "customers: {type: primary, column: id}\n  order: {type: primary",
     "2 primary entities"),
    ("orders", "amount - 5 else", "(amount - 5 else", "has a bracket too many or too few"),
    ("orders", "amount - 5 else amount end", "1 else 2 end; drop table orders",
     "is more than an expression; leave out ;"),
    ("visits", "entity: customer,", "entity: client,", "model 'visits' of measure 'visits' has no entity 'client'"),
    ("visits", "window: 3 days", "window: 1 month", "the window of a conversion is '1 month'; give it days or weeks"),
    ("visits", "time: seen\n", "", "metric 'bought' needs a time, and measure 'visits' of model 'visits' has none"),
    ("visits", "{type: time, column", "{type: time, grain: month, column", "measure 'visits' is kept by month"),
    ("visits", "rics:\n  visits:", "rics:\n  visits: {examples: [{value: 3, start: 2026-02-01, end: 2026-01-01}]}",
     "the example ends on 2026-01-01"),
    ("visits", "metrics:\n  visits:", "metrics:\n  visits: {examples: [{value: 3, where: {regoin: EU}}]}",
     "no dimension 'regoin'"),
    ("customers", "metrics:\n  customers:", "metrics:\n  revenue: {measure: customers}",
     "metric 'revenue' is defined twice: also at metrics/"),
    ("customers", "rics:\n  customers:", "rics:\n  customers: {examples: [{value: 1, start: 2026-02-30}]}",
     "the file is not valid YAML: '2026-02-30' is no day: day is out of range for month"),
    ("orders", "numerator: units,", "numerator: amount,",
     "there is no metric 'amount'; it is a measure of 'orders'; its metric is 'revenue'"),
    ("orders", "numerator: units,", "numerator: quantity_sold,", "there is no metric 'quantity_sold'; known are"),
    ("orders", '"(revenue - discounted) / revenue * 100"', "revenue - coalesce(discounted, 0)",
     "unknown key '0)' in metrics.margin; within { } put text that holds a comma in quotes"),
    ("orders", "{channel: {caller: channel}}", "{channel: {caler: channel}}",
     "give it a value, a list, {from: …, to: …}, {not: …}, {caller: NAME} or {env: NAME}"),
    ("orders", "where: {channel: web}", "where: {placed: {from: 2026-02-01, to: 2026-01-31}}",
     "the condition on 'placed' is a range that ends before it begins, from 2026-02-01 to 2026-01-31"),
    ("customers", "rics:\n  customers:", "rics:\n  Revenue: {measure: customers}", "metric 'revenue' is defined twice"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "said"), CASES, ids=[str(case[2])[:40] for case in CASES])
def test_what_is_wrong_is_said_with_its_line(tmp_path, name, old, new, said):
    if said is None:  # two metrics that are made of each other's parts, and no circle
        write_files(tmp_path, {**FILES, name: FILES[name].replace(old, new, 1)})
        return
    sentence = wrong(tmp_path, name, old, new)
    assert said in sentence
    assert sentence.startswith("metrics/")
    assert sentence.split(": ")[0].split(":")[1].isdigit(), sentence


def test_lines_are_exact(tmp_path):
    sentence = wrong(tmp_path, "orders", 'formula: "(revenue', 'formula: "(revenoo')
    line = line_of("orders", '  margin: {type: derived, formula: "(revenue - discounted) / revenue * 100"}')
    assert sentence == f"metrics/orders.yml:{line}: there is no metric 'revenoo'; did you mean 'revenue'?"


def test_a_circle_over_files(tmp_path):
    customers = FILES["customers"].replace(
        "metrics:\n  customers:", "metrics:\n  customers:\n  a: {type: derived, formula: b + 1}"
    )
    visits = FILES["visits"].replace("metrics:\n", "metrics:\n  b: {type: ratio, numerator: a, denominator: visits}\n")
    with pytest.raises(MetricError, match="metrics lead in a circle: a → b → a"):
        write_files(tmp_path, {**FILES, "customers": customers, "visits": visits})


def test_rules_that_need_each_other(tmp_path):
    scores = (
        FILES["customers"]
        .replace("region:", "tier:")
        .replace("  customers:\nrows", "  scored: {measure: customers}\nrows")
    )
    scores = scores.replace("{tier: EU}", "{region: EU}").replace("  region:\n", "  tier:\n", 1)
    customers = FILES["customers"].replace("europe: {region: EU}", "europe: {tier: gold}")
    with pytest.raises(MetricError, match="the rules for 'europe' lead in a circle: customers → scores → customers"):
        write_files(tmp_path, {**FILES, "customers": customers, "scores": scores})


def test_a_broken_file_is_named(tmp_path):
    with pytest.raises(MetricError, match=r"metrics/orders.yml:2: the file is not valid YAML"):
        write_files(tmp_path, {"orders": "owner: a\n\tconnection: b\n"})
    with pytest.raises(MetricError, match=r"metrics/orders.yml: the file holds no model; write `owner: …`"):
        write_files(tmp_path, {"orders": "# nothing\n"})


def test_files_are_read_again_when_they_change(tmp_path):
    first = write_files(tmp_path)
    assert load_metrics(tmp_path) is first
    path = tmp_path / "metrics/customers.yml"
    path.write_text(FILES["customers"].lstrip().replace("crm@", "new@"), encoding="utf-8")
    os.utime(path, ns=(1, 1))
    assert load_metrics(tmp_path).metric("customers").owner == "new@example.com"
    path.unlink()
    with pytest.raises(MetricError, match="it is a measure of 'more'; its metric is 'customer_count'"):
        (tmp_path / "metrics/more.yml").write_text(
            FILES["customers"]
            .lstrip()
            .replace("\n  customers:\nrows", "\n  customer_count: {measure: customers}\nrows")
        )
        load_metrics(tmp_path)


def test_no_file_is_no_metric(tmp_path):
    assert load_metrics(tmp_path).metrics == {}
    with pytest.raises(MetricError, match=r"there is no metric 'revenue'; write one: metrics/NAME.yml"):
        load_metrics(tmp_path).metric("revenue")


def test_editors_get_a_schema():
    schema = json_schema()
    assert schema["title"] == "analytics_lib metric file"
    assert set(schema["properties"]) == set(MetricModel.model_fields)
