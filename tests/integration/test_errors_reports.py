"""What is wrong with a report file or its notebook: one sentence with file and line, and nothing published changes."""

from __future__ import annotations

import json

import pytest
from support.shop import PARAMETERS, REPORT


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "owner: shop@example.com",
            "owner: [shop",
            "reports/orders.yml:5: the file is not valid YAML: expected ',' or ']', but got ':'.",
        ),
        (
            "owner: shop@example.com",
            "\towner: shop@example.com",
            (
                "reports/orders.yml:3: the file is not valid YAML: found character '\\t' that cannot start any token. "
                "Indent with spaces."
            ),
        ),
        (
            "owner: shop@example.com",
            "title: Orders",
            "reports/orders.yml:3: the file is not valid YAML: key 'title' stands twice.",
        ),
        ("owner:", "ownr:", "reports/orders.yml:3: unknown key 'ownr'. Did you mean 'owner'?"),
        (
            "{choices: [north, south]}",
            "{choice: [north, south]}",
            "reports/orders.yml:6: unknown key 'choice' in parameters.region. Did you mean 'choices'?",
        ),
        (
            "notebook: notebooks/orders.ipynb\n",
            "",
            (
                "reports/orders.yml: key 'notebook' is missing. "
                "It is the notebook, from the workspace's folder: notebooks/NAME.ipynb."
            ),
        ),
        (
            "owner:",
            "execution_timeout: soon\nowner:",
            "reports/orders.yml:3: execution_timeout is 'soon'. Give it a whole number.",
        ),
        (
            "owner:",
            "execution_timeout: 0\nowner:",
            "reports/orders.yml:3: execution_timeout is 0. Give it 1 or more.",
        ),
        (
            "owner:",
            "tags: sales\nowner:",
            "reports/orders.yml:3: tags is 'sales'. Give it a list: [one, another].",
        ),
        (
            "owner:",
            "time_zone: Berlin\nowner:",
            "reports/orders.yml:3: 'Berlin' is no IANA time zone. E.g. Europe/Berlin is one.",
        ),
        (
            "owner:",
            "outputs: [pdf]\nowner:",
            "reports/orders.yml:3: outputs[0] is 'pdf'. Give it 'html'.",
        ),
        (
            "owner:",
            "checks:\n  - {suite: orders, conection: warehouse, table: orders}\nowner:",
            "reports/orders.yml:4: unknown key 'conection' in checks[0]. Did you mean 'connection'?",
        ),
        (
            "owner:",
            "checks:\n  - {suite: orders, connection: warehouse}\nowner:",
            "reports/orders.yml:4: key 'table' is missing in checks[0]. It is the table, with its schema: ops.flights.",
        ),
        (
            "owner:",
            "for_each: {region: {connection: warehouse}}\nowner:",
            "reports/orders.yml:3: key 'query' is missing in for_each.region. It is one SELECT.",
        ),
        (
            "owner:",
            "for_each: {region: []}\nowner:",
            "reports/orders.yml:3: for_each.region is []. Give it one value at least, or a query.",
        ),
        (
            "owner:",
            "for_each: {region: {experiments: [runing]}}\nowner:",
            "reports/orders.yml:3: there is no status 'runing'. Draft, running, stopped, decided are known.",
        ),
        (
            "owner:",
            "for_each: {region: {experiments: al}}\nowner:",
            "reports/orders.yml:3: the experiments are 'al'. All is right, or a list: [running, stopped].",
        ),
        (
            "owner:",
            "for_each: {region: {experiments: all, connection: x}}\nowner:",
            "reports/orders.yml:3: unknown key 'connection' in for_each.region. Known is 'experiments'.",
        ),
        (
            "owner:",
            "for_each: {region: {experiments: all}}\nowner:",
            "reports/orders.yml:3: no experiment is registered. Register one: `analytics experiment add FILE`.",
        ),
        (
            "owner:",
            "for_each: {region: {experiments: [draft, running]}}\nowner:",
            "reports/orders.yml:3: no experiment is draft or running. Register one: `analytics experiment add FILE`.",
        ),
        (
            "owner:",
            "for_each: {regoin: [north]}\nowner:",
            "reports/orders.yml:3: the notebook declares no parameter 'regoin'. Did you mean 'region'?",
        ),
        (
            "{region}",
            "{regoin}",
            "reports/orders.yml:1: the title names the unknown parameter 'regoin'. Did you mean 'region'?",
        ),
        (
            "owner:",
            "data: [data/*.csv]\nowner:",
            "reports/orders.yml:3: no file matches 'data/*.csv'. Write the files' path from the workspace's folder.",
        ),
        (
            "notebooks/orders.ipynb",
            "notebooks/order.ipynb",
            "reports/orders.yml:2: there is no notebook notebooks/order.ipynb. Did you mean 'notebooks/orders.ipynb'?",
        ),
        (
            "notebooks/orders.ipynb",
            "notebooks",
            "reports/orders.yml:2: there is no notebook notebooks. Known is 'notebooks/orders.ipynb'.",
        ),
    ],
)
def test_a_mistake_in_the_report_file(shop, old, new, sentence):
    shop.report(old, new)
    assert shop.refused() == sentence


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "- a list\n"])
def test_a_file_that_holds_no_report(shop, text):
    shop.write("reports/orders.yml", text)
    assert shop.refused() == "reports/orders.yml: the file holds no report. Write `title: …` and `notebook: …`."


def test_a_file_that_is_not_text(shop):
    (shop.root / "reports/orders.yml").write_bytes(b"title: \xff\n")
    assert shop.refused() == "reports/orders.yml: the file is not UTF-8 text. Save it as UTF-8."


def test_a_report_that_is_defined_twice(shop):
    shop.write("reports/orders.yaml", REPORT)
    assert shop.refused() == (
        "reports/orders.yml: report 'orders' is defined twice: orders.yaml and orders.yml. "
        "Rename or remove one of them."
    )


def test_a_name_that_cannot_stand_in_an_address(shop):
    shop.write("reports/my orders.yml", REPORT)
    assert shop.refused() == (
        "reports/my orders.yml: 'my orders' cannot be a report's name. "
        "Use up to 200 letters, digits, - and _: the name stands in addresses."
    )


@pytest.mark.parametrize(
    "command", [("run", "order"), ("versions", "order"), ("rollback", "order"), ("check", "order")]
)
def test_a_report_that_does_not_exist(shop, command):
    assert shop.refused(*command) == "reports/: there is no report 'order'. Did you mean 'orders'?"


def test_no_report_at_all(shop):
    (shop.root / "reports/orders.yml").unlink()
    assert shop.refused() == (
        "reports/: the workspace has no report. Write one: reports/NAME.yml; `analytics init DIR` shows how."
    )


def test_a_broken_report_does_not_stop_the_others(shop):
    shop.write("reports/broken.yml", REPORT.replace("title", "titel"))
    ran = shop.call("build")
    assert ran.code == 2
    assert ran.error == "reports/broken.yml:1: unknown key 'titel'. Did you mean 'title'?"
    assert "unchanged" in ran.out


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": [1]}', '{"cells": [{}]}', "not JSON"])
def test_a_file_that_is_no_notebook(shop, text):
    shop.write("notebooks/orders.ipynb", text)
    assert shop.refused() == "notebooks/orders.ipynb: the file is not a notebook. Save it from JupyterLab in format 4."


def test_a_notebook_without_a_parameters_cell(shop):
    path = shop.root / "notebooks/orders.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][PARAMETERS - 1]["metadata"] = {}
    path.write_text(json.dumps(content), encoding="utf-8")
    assert shop.refused() == (
        "notebooks/orders.ipynb: the notebook has no parameters cell. "
        "Tag one code cell `parameters` and give each parameter a line: `name: type = default  # help`."
    )
