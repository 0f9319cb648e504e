"""What must hold for any value: parameters, addresses, statements, files."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics_lib.connectors.statements.binding import bind, placeholders, require_single_select
from analytics_lib.errors import ParameterError, QueryError
from analytics_lib.model.parameters import Parameter
from analytics_lib.pipeline.pages import slug
from analytics_lib.publishing.files import write_whole

VALUES = {
    "string": st.text(),
    "int": st.integers(),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "date": st.dates(),
    "datetime": st.datetimes(timezones=st.none() | st.timezones()),
}
LEGAL = st.one_of(*(st.tuples(st.just(kind), values) for kind, values in VALUES.items()))
ANYTHING = st.none() | st.one_of(*VALUES.values()) | st.lists(st.text()) | st.floats() | st.binary()


@given(LEGAL)
def test_a_legal_value_is_taken_and_stays_what_it_became(kind_and_value):
    kind, value = kind_and_value
    parameter = Parameter("x", kind)
    became = parameter.coerce(value)
    assert parameter.coerce(became) == became
    assert json.loads(json.dumps(became)) == became


@given(LEGAL)
def test_so_does_its_text_on_the_command_line(kind_and_value):
    kind, value = kind_and_value
    parameter = Parameter("x", kind)
    became = parameter.coerce(value)
    assert parameter.coerce(str(became)) == became


@given(st.sampled_from(["string", "int", "float", "date"]), st.data())
def test_lists_go_through_json(kind, data):
    parameter = Parameter("x", "list", item_type=kind)
    became = parameter.coerce(data.draw(st.lists(VALUES[kind])))
    assert parameter.coerce(json.dumps(became)) == became


@given(st.sampled_from([*VALUES, "choice", "list"]), ANYTHING)
def test_whatever_comes_it_is_a_plain_value_or_a_sentence(kind, raw):
    try:
        became = Parameter("x", kind).coerce(raw)
    except ParameterError as error:
        assert "'x'" in str(error)
    else:
        assert json.loads(json.dumps(became)) == became


@given(st.integers(), st.integers(), st.integers())
def test_bounds(low, high, value):
    assume(low <= high)
    parameter = Parameter("x", "int", minimum=low, maximum=high)
    if low <= value <= high:
        assert parameter.coerce(value) == value
    else:
        with pytest.raises(ParameterError, match="out of range"):
            parameter.coerce(value)


@given(st.text())
def test_an_address_is_safe(text):
    found = slug(text)
    assert found
    assert set(found) <= set(string.ascii_letters + string.digits + "-_.")
    assert found[0] not in "-."
    assert found[-1] not in "-."
    assert "--" not in found
    assert found.lower() != "index"
    assert len(found) <= 70


@given(st.text(), st.text())
def test_two_texts_have_two_addresses(one, other):
    assume(one != other)
    assert slug(one) != slug(other)


QUOTED = st.text(st.characters(exclude_characters="'\x00", exclude_categories=["Cs"]))
NAMED = st.text(st.characters(exclude_characters='"\x00', exclude_categories=["Cs"]), min_size=1)
REMARK = st.text(st.characters(exclude_characters="\n\r\x00", exclude_categories=["Cs"]))


@given(QUOTED, NAMED, REMARK)
def test_binding_leaves_quoted_text_alone(text, name, remark):
    from sqlalchemy.dialects import sqlite

    query = f"select '{text}', x as \"{name}\" from t where y = :y -- {remark}"
    assert placeholders(query) == ["y"]
    sent = str(bind(query, {"y": 1}, "shop").compile(dialect=sqlite.dialect(paramstyle="named")))
    assert sent == f"select '{text}', x as \"{name}\" from t where y = :y  -- {remark}"  # a space follows the value
    require_single_select(query, "shop")


@given(QUOTED, NAMED)
def test_what_follows_a_statement_is_seen_whatever_is_quoted_before(text, name):
    query = f"select '{text}', x as \"{name}\" from t; drop table t; --'\""
    with pytest.raises(QueryError, match="more than one statement"):
        require_single_select(query, "shop")


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_a_file_holds_the_last_content_whole(tmp_path_factory, contents):
    folder = tmp_path_factory.mktemp("files")
    before = None
    for content in contents:
        assert write_whole(folder / "page.html", content) is (content != before)
        assert (folder / "page.html").read_bytes() == content
        before = content
    assert [path.name for path in folder.iterdir()] == ["page.html"]
