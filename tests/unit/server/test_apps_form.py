from __future__ import annotations

import pytest

from analytics_lib.server.apps.form import fields
from analytics_lib.workspace.notebooks import declared_parameters

DECLARED = """\
code: str = "UA"  # two letters
top: int = 3
share: float = 0.5
day: date = "2026-01-31"
moment: datetime = "2026-01-31T06:00"
exact: bool = True
kind: Literal["a", "b"] = "b"
tags: list = ["x", "y"]
limit: int | None = None
"""


@pytest.fixture
def form():
    parameters = declared_parameters(DECLARED, "cell 1")
    return lambda values=None, choices=None: {
        each.name: each for each in fields(parameters, values or {}, choices or {})
    }


def test_each_type_has_its_field(form):
    kinds = {name: field.kind for name, field in form().items()}
    assert kinds == {
        "code": "text", "top": "number", "share": "number", "day": "date", "moment": "text", "exact": "select",
        "kind": "select", "tags": "text", "limit": "number",
    }  # fmt: skip


def test_fields_hold_what_the_address_would(form):
    held = {name: field.value for name, field in form({"top": 7, "day": "2026-02-01"}).items()}
    assert held == {
        "code": "UA", "top": "7", "share": "0.5", "day": "2026-02-01", "moment": "2026-01-31T06:00:00",
        "exact": "true", "kind": "b", "tags": "x, y", "limit": "",
    }  # fmt: skip


def test_what_a_field_holds_is_read_back_as_the_same_value(form):
    parameters = declared_parameters(DECLARED, "cell 1")
    values = {"tags": ["a, b", "c"], "share": 1e-9, "exact": False, "code": " spaced "}
    for name, field in form(values).items():
        if name in values:
            assert parameters[name].coerce(field.value) == values[name], name


def test_labels_help_and_what_must_be_filled_in(form):
    shown = form()
    assert (shown["code"].label, shown["code"].help) == ("Code", "two letters")
    assert {name for name, field in shown.items() if field.required} == {
        "top", "share", "day", "moment", "exact", "kind",
    }  # fmt: skip


def test_bounds_are_the_inputs_own(form):
    from dataclasses import replace

    parameters = declared_parameters("top: int = 3\nday: date = '2026-01-01'", "cell 1")
    parameters["top"] = replace(parameters["top"], minimum=1, maximum=5)
    top, day = fields(parameters, {}, {})
    assert (top.limits, day.limits) == ((("min", "1"), ("max", "5")), ())
    assert form()["share"].limits == (("step", "any"),)


def test_choices_of_the_report_file_come_with_their_names(form):
    field = form({"code": "DL"}, {"code": {"UA": "United (UA)", "DL": "Delta (DL)"}})["code"]
    assert (field.kind, field.value) == ("select", "DL")
    assert field.options == (("UA", "United (UA)"), ("DL", "Delta (DL)"))


def test_a_refused_value_stays_to_be_mended(form):
    shown = form({"kind": "c", "day": "yesterday", "top": "many"})
    assert shown["kind"].options[0] == ("c", "c")
    assert (shown["day"].kind, shown["day"].value) == ("text", "yesterday")  # a field for dates would show nothing
    assert shown["top"].value == "many"
