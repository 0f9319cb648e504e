"""The tree of errors: its drawing, its exit codes, its sentences, and the way between processes."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from analytics_lib import errors
from analytics_lib.errors import AnalyticsError, QueryError, nearest


def every(kind=AnalyticsError):
    return [kind, *(each for child in kind.__subclasses__() for each in every(child))]


def drawn():
    """Return class → (parent, exit code) as the module's docstring draws them."""
    found, above = {}, []
    for line in errors.__doc__.splitlines():
        name = re.search(r"\b[A-Z]\w+\b", line)
        if not re.match(r"    (AnalyticsError|[│├└ ])", line) or name is None:
            continue
        depth = (name.start() - 4) // 4
        del above[depth:]
        code = re.search(r"exit (\d)", line)
        parent = above[-1] if above else None
        found[name[0]] = (parent, int(code[1]) if code else found[parent][1] if parent else 1)
        above.append(name[0])
    return found


def test_the_drawing_is_the_tree():
    tree = {kind.__name__: (kind.__bases__[0].__name__, kind.exit_code) for kind in every()}
    tree["AnalyticsError"] = (None, 1)
    assert drawn() == tree


def test_every_error_says_what_it_is():
    assert [kind.__name__ for kind in every() if not kind.__doc__] == []


@pytest.mark.parametrize(
    ("details", "text"),
    [
        ({}, "it broke"),
        ({"where": "reports/r.yml:3"}, "reports/r.yml:3: it broke"),
        ({"hint": "mend it"}, "it broke; mend it"),
        ({"where": "here", "hint": "mend it"}, "here: it broke; mend it"),
    ],
)
def test_an_error_is_a_sentence(details, text):
    assert str(AnalyticsError("it broke", **details)) == text


@pytest.mark.parametrize("kind", every(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("travel", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy], ids=["pickle", "copy"])
def test_errors_survive_the_way_between_processes(kind, travel):
    error = travel(kind("it broke", where="here", hint="mend it"))
    assert type(error) is kind
    assert (error.message, error.where, error.hint) == ("it broke", "here", "mend it")
    assert str(error) == "here: it broke; mend it"


def test_a_place_that_is_learnt_later_travels_too():
    error = QueryError("it broke")
    error.where = "connection 'shop'"
    assert pickle.loads(pickle.dumps(error)).where == "connection 'shop'"


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("carier", ["carrier", "origin"], "did you mean 'carrier'?"),
        ("x", [], "none is defined"),
        ("x", ["carrier"], "known is 'carrier'"),
        ("x", ["origin", "carrier"], "known are 'carrier' and 'origin'"),
        ("x", ["c", "b", "a"], "known are 'a', 'b' and 'c'"),
    ],
)
def test_nearest(name, known, hint):
    assert nearest(name, known) == hint


def test_nearest_of_many_stays_readable():
    hint = nearest("zzz", [f"column_{number:03}" for number in range(25)])
    assert hint.startswith("known are 'column_000', ")
    assert hint.endswith("'column_019' and 5 more")


def test_nearest_of_a_generator():
    assert nearest("b", (name for name in ("a1", "b1"))) == "did you mean 'b1'?"
