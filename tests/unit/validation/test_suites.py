from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_lib.errors import SuiteError
from analytics_lib.validation import Suite, load_suite
from analytics_lib.validation.suites import _places

NOT_NULL = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "dep_time"}}


@pytest.fixture
def write(tmp_path):
    def write(content, name="flights"):
        path = tmp_path / f"{name}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
        return path

    return write


def test_a_suite_has_its_files_name_and_expectations(write):
    suite = load_suite(write({"name": "something else", "expectations": [NOT_NULL]}))
    assert suite.name == "flights"
    assert suite.expectations == (NOT_NULL,)


def test_the_fingerprint_does_not_depend_on_layout_or_order_of_keys(write):
    document = {"name": "flights", "expectations": [NOT_NULL], "meta": {}}
    turned = dict(reversed(document.items()))
    one = load_suite(write(json.dumps(document, indent=8))).fingerprint
    other = load_suite(write(json.dumps(turned))).fingerprint
    assert one == other
    assert len(one) == 64


def test_the_fingerprint_depends_on_what_is_expected(write):
    one = load_suite(write({"expectations": [NOT_NULL]})).fingerprint
    other = load_suite(write({"expectations": [NOT_NULL | {"severity": "warning"}]})).fingerprint
    assert one != other


def test_an_expectation_is_found_by_line_and_so_is_a_name_within_it(write):
    path = write(
        '{\n "meta": {"expectations": [1]},\n "expectations": [\n  {"type": "a", "kwargs": {}},\n'
        '  {"type": "b",\n   "kwargs": {\n    "column": "größe"}}]}\n'
    )
    suite = load_suite(path)
    assert suite.where(0) == f"{path}:4"
    assert suite.where(1) == f"{path}:5"
    assert suite.where(1, "größe") == f"{path}:7"
    assert suite.where(1, "not there") == f"{path}:5"


def test_a_suite_that_was_built_in_code_is_found_by_its_path():
    suite = Suite(name="flights", path=Path("flights.json"), expectations=(NOT_NULL,), fingerprint="")
    assert suite.where(0, "dep_time") == "flights.json"


def test_a_missing_suite_is_answered_with_the_nearest_name(write):
    present = write({"expectations": [NOT_NULL]})
    with pytest.raises(SuiteError) as caught:
        load_suite(present.with_name("fligths.json"))
    assert caught.value.message == "there is no suite 'fligths'"
    assert caught.value.hint == "did you mean 'flights'?"
    assert caught.value.exit_code == 2


def test_a_folder_in_place_of_a_suite_is_an_error(tmp_path):
    (tmp_path / "flights.json").mkdir()
    with pytest.raises(SuiteError, match="the suite cannot be read"):
        load_suite(tmp_path / "flights.json")


def test_a_suite_in_another_encoding_is_an_error(tmp_path):
    path = tmp_path / "flights.json"
    path.write_bytes('{"name": "größe"}'.encode("latin-1"))
    with pytest.raises(SuiteError, match="it is not UTF-8 text"):
        load_suite(path)


def test_broken_json_is_shown_with_its_line(write):
    path = write('{\n  "name": "flights",\n  "expectations": [,]\n}')
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert caught.value.where == f"{path}:3"
    assert "not valid JSON" in caught.value.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "not a Great Expectations suite"),
        ('{"name": "flights"}', "not a Great Expectations suite"),
        ('{"expectations": {}}', "not a Great Expectations suite"),
        ('{"expectations": []}', "it would pass on any data"),
        ('{"expectations": [{"kwargs": {}}]}', "an expectation has no type"),
        ('{"expectations": ["expect_column_to_exist"]}', "an expectation has no type"),
        ('{"expectations": [{"type": "expect_column_to_exist", "kwargs": []}]}', "are not an object"),
        ('{"expectations": [{"expectation_type": "expect_column_to_exist"}]}', "before 1.0"),
    ],
)
def test_what_is_not_a_suite_is_an_error(write, content, message):
    with pytest.raises(SuiteError, match=message):
        load_suite(write(content))


def test_an_unknown_severity_is_answered_with_the_nearest(write):
    path = write({"expectations": [NOT_NULL, NOT_NULL | {"severity": "warn"}]})
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert caught.value.message == 'there is no severity "warn"'
    assert caught.value.hint == "did you mean 'warning'?"
    assert caught.value.where == f"{path}:9"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    before=st.dictionaries(st.text(max_size=5), json_values, max_size=3),
    elements=st.lists(json_values, max_size=4),
    indent=st.sampled_from([None, 0, 2, "\t"]),
)
def test_every_element_of_any_json_is_found_where_it_stands(before, elements, indent):
    text = json.dumps({**before, "expectations": elements, "meta": {}}, indent=indent)
    places = _places(text)
    assert [json.loads(place.text) for place in places] == elements
    lines = text.split("\n")
    for place in places:
        assert place.text.split("\n")[0] in lines[place.line - 1]
