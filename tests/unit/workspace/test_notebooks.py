"""Notebooks as written: which parameters they declare, which connections they name, what identifies them."""

from __future__ import annotations

import json

import pytest
from support.bench import write_notebook

from analytics_lib.errors import NotebookError, ParameterError
from analytics_lib.model.report import Refinement
from analytics_lib.workspace.notebooks import declared_parameters, load_notebook, refine


def declared(source):
    return declared_parameters(source, "n.ipynb cell 1")


@pytest.mark.parametrize(
    ("source", "kind", "default"),
    [
        ("x: str = 'a'", "string", "a"),
        ("x: int = 3", "int", 3),
        ("x: float = 1", "float", 1.0),
        ("x: float = -1.5", "float", -1.5),
        ("x: bool = False", "bool", False),
        ("x: 'date' = '2026-01-31'", "date", "2026-01-31"),
        ("x: datetime.date = '2026-01-31'", "date", "2026-01-31"),
        ("x: datetime.datetime = '2026-01-31'", "datetime", "2026-01-31T00:00:00"),
        ("x: list = ['a']", "list", ["a"]),
        ("x: list[int] = [1, 2]", "list", [1, 2]),
        ("x: typing.List[float] = [1]", "list", [1.0]),
        ("x: Literal['a', 'b'] = 'b'", "choice", "b"),
        ("x: typing.Literal[1, 2] = 1", "choice", 1),
        ("x: 'Literal[\"a\"]' = 'a'", "choice", "a"),
        # Without a type the default tells.
        ("x = 'a'", "string", "a"),
        ("x = 3", "int", 3),
        ("x = True", "bool", True),
        ("x = 1.5", "float", 1.5),
        ("x = (1, 2)", "list", [1, 2]),
        # Papermill's type comments.
        ("x = 3  # type: float", "float", 3.0),
        ("x = '2026-01-31'  # type: date the day", "date", "2026-01-31"),
        ("x = [1]  # type: List[int]", "list", [1]),
    ],
)
def test_declarations(source, kind, default):
    parameter = declared(source)["x"]
    assert (parameter.type, parameter.default) == (kind, default)
    assert type(parameter.default) is type(default)
    assert not parameter.required
    assert not parameter.nullable


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("x: str | None = None", "string"),
        ("x: None | int = None", "int"),
        ("x: Optional[float] = None", "float"),
        ("x: typing.Optional[Literal['a']] = None", "choice"),
        ("x: Union[int, None] = None", "int"),
        ("x: 'date | None' = None", "date"),
        ("x: list[str] | None = None", "list"),
        ("x: str = None", "string"),
        ("x = None", "string"),
        ("x = None  # type: Optional[int]", "int"),
    ],
)
def test_none_as_a_default(source, kind):
    parameter = declared(source)["x"]
    assert (parameter.type, parameter.default, parameter.nullable, parameter.required) == (kind, None, True, False)


def test_a_parameter_without_default_is_required():
    assert declared("x: int")["x"].required


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("x = 3  # how many", "how many"),
        ("x: int = 3  # how many", "how many"),
        ("x = 3  # type: int how many", "how many"),
        ("x = 'a#b'  # the code", "the code"),
        ("x = [  # not this\n  1,\n]  # the rows", "the rows"),
        ("# above\nx = 3", ""),
        ("x = 'IN-7'  # type: of ticket", "type: of ticket"),
        ("x = 3  # type: ignore", "type: ignore"),
    ],
)
def test_the_comment_is_the_help(source, text):
    assert declared(source)["x"].help == text


def test_order_and_places():
    found = declared("# Parameters\nb: int = 1\n\na: str = 'x'\nimport datetime\nprint(b)\n")
    assert list(found) == ["b", "a"]
    assert found["a"].where == "n.ipynb cell 1, line 4"


def test_an_empty_cell_declares_nothing():
    assert declared("") == {}
    assert declared("# only words") == {}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x: dict = {}", "parameter 'x' is of the unknown type 'dict'"),
        ("x: int | str = 3", "parameter 'x' is of the unknown type 'int | str'"),
        ("x: dt.date = '2026-01-31'", "parameter 'x' is of the unknown type 'dt.date'"),
        ("x: date = date(2026, 1, 31)", "the default of parameter 'x' is not a plain value"),
        ("x = {[]: 1}", "the default of parameter 'x' is not a plain value"),
        ("x = [y for y in z]", "the default of parameter 'x' is not a plain value"),
        ("x: int = 'many'", "parameter 'x': 'many' is not a whole number"),
        ("x: date = '2026-02-30'", "parameter 'x': '2026-02-30' is not a date such as 2026-01-31"),
        ("x: Literal['a'] = 'b'", "parameter 'x' cannot be 'b'"),
        ("x: Literal[A] = 'a'", "the choices of parameter 'x' are not plain values"),
    ],
)
def test_what_cannot_be_read(source, message):
    with pytest.raises(ParameterError) as caught:
        declared(f"y = 1\n{source}")
    assert caught.value.message == message
    assert caught.value.where == "n.ipynb cell 1, line 2"


def test_a_cell_that_is_not_python():
    with pytest.raises(NotebookError, match="not Python") as caught:
        declared("x = 1\ny = = 2")
    assert caught.value.where == "n.ipynb cell 1, line 2"


class TestRefine:
    notebook = declared("top: int = 5  # rows\nday: str = '2026-01-31'\nsize = 'small'\nneeded: int\nmaybe = None\n")

    def refined(self, name, **keys):
        return refine(self.notebook, name, Refinement(**keys), "reports/r.yml:5")

    def test_the_report_adds(self):
        top = self.refined("top", label="Rows", min=1, max=9, default=7)
        assert (top.default, top.minimum, top.maximum, top.label, top.help) == (7, 1, 9, "Rows", "rows")

    def test_a_narrower_type(self):
        assert self.refined("day", type="date").default == "2026-01-31"
        with pytest.raises(ParameterError, match="'small' is not a date"):
            self.refined("size", type="date")

    def test_choices(self):
        assert self.refined("size", choices=["small", "large"]).type == "choice"
        with pytest.raises(ParameterError, match="cannot be 'small'"):
            self.refined("size", choices=["medium", "large"])

    def test_dates_that_yaml_reads_reach_the_notebook_as_text(self):
        from datetime import date

        day = self.refined("day", choices=[date(2026, 1, 31), date(2026, 2, 28)])
        assert [day.coerce(raw) for raw in ("2026-02-28", date(2026, 2, 28))] == ["2026-02-28"] * 2
        assert self.refined("day", type="date", default=date(2026, 3, 1)).default == "2026-03-01"

    def test_the_default_must_be_legal(self):
        with pytest.raises(ParameterError, match="5 is out of range") as caught:
            self.refined("top", min=6)
        assert caught.value.where == "reports/r.yml:5"

    def test_bounds_must_fit(self):
        with pytest.raises(ParameterError, match="the min of parameter 'top' is 'few'"):
            self.refined("top", min="few")
        with pytest.raises(ParameterError, match="of type string"):
            self.refined("size", max=3)

    def test_required(self):
        assert self.refined("top", required=True).required
        assert self.refined("needed").required
        assert not self.refined("needed", default=1).required
        assert self.refined("maybe", label="Perhaps").default is None

    def test_an_unknown_name(self):
        with pytest.raises(ParameterError) as caught:
            self.refined("topp")
        assert str(caught.value) == ("reports/r.yml:5: the notebook declares no parameter 'topp'; did you mean 'top'?")


class TestFile:
    @pytest.fixture
    def notebook(self, tmp_path):
        def notebook(*cells, **more):
            write_notebook(tmp_path / "notebooks/n.ipynb", *cells, **more)
            return load_notebook(tmp_path, "notebooks/n.ipynb", where="reports/r.yml:2")

        return notebook

    def test_a_notebook(self, notebook):
        found = notebook("# Title", "x + 1", parameters="x: int = 1")
        assert found.parameters["x"].where == "notebooks/n.ipynb cell 1, line 1"
        assert found.connections == {}

    def test_a_missing_one(self, notebook, tmp_path):
        notebook()
        with pytest.raises(NotebookError) as caught:
            load_notebook(tmp_path, "notebooks/m.ipynb", where="reports/r.yml:2")
        assert str(caught.value) == (
            "reports/r.yml:2: there is no notebook notebooks/m.ipynb; did you mean 'notebooks/n.ipynb'?"
        )

    @pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"cells": [{}]}', '{"cells": 5}'])
    def test_a_file_that_is_none(self, tmp_path, text):
        (tmp_path / "n.ipynb").write_text(text)
        with pytest.raises(NotebookError, match="is not a notebook"):
            load_notebook(tmp_path, "n.ipynb", where="reports/r.yml:2")

    def test_no_parameters_cell(self, notebook):
        with pytest.raises(NotebookError, match="no parameters cell") as caught:
            notebook("x = 1", parameters=None)
        assert "tag one code cell `parameters`" in caught.value.hint
        with pytest.raises(NotebookError, match="no parameters cell"):
            notebook(parameters="x = 1", tags=["parameter"])

    @pytest.mark.parametrize(
        ("source", "names"),
        [
            ('db = al.connect("shop")', ["shop"]),
            ('db = connect("shop")', ["shop"]),
            ('analytics_lib.connect("shop").sql("select 1")', ["shop"]),
            ("def rows():\n    return al.connect('shop').sql('x')", ["shop"]),
            ('%time db = 1\n!ls\ndb = al.connect("shop")', ["shop"]),
            ('al.connect("a"); al.connect("b")', ["a", "b"]),
            ("db = al.connect(name)", []),
            ('sqlite3.connect("x.db")', []),
            ('# al.connect("shop")', []),
            ("text = 'al.connect(\"shop\")'", []),
            ('db = al.connect("shop"', []),
        ],
    )
    def test_connections_that_it_names(self, notebook, source, names):
        found = notebook(source).connections
        assert list(found) == names
        assert all(place.startswith("notebooks/n.ipynb cell 2, line ") for place in found.values())

    def test_a_place_counts_the_cells_lines(self, notebook):
        found = notebook("# Title", "x = 1\n\ndb = al.connect('shop')").connections
        assert found == {"shop": "notebooks/n.ipynb cell 3, line 3"}

    def test_the_digest_is_of_what_decides_the_page(self, notebook, tmp_path):
        first = notebook("# Title", "x = 1").cells
        path = tmp_path / "notebooks/n.ipynb"
        content = json.loads(path.read_text())
        content["cells"][2].update(
            outputs=[{"output_type": "stream", "name": "stdout", "text": "a"}], execution_count=3
        )
        content["metadata"] = {"widgets": {}}

        def digest():
            path.write_text(json.dumps(content, indent=3))
            return load_notebook(tmp_path, "notebooks/n.ipynb", where="").cells

        assert digest() == first
        content["cells"][2]["metadata"]["tags"] = ["remove-cell"]
        tagged = digest()
        content["cells"][1]["attachments"] = {"a.png": {"image/png": "AAAA"}}
        assert len({first, tagged, digest(), notebook("# Title", "x = 2").cells}) == 4


@pytest.mark.parametrize(
    ("source", "asks"),
    [
        ("import analytics_lib as al\nal.metrics().query('revenue')", True),
        ("from analytics_lib import metrics\nm = metrics('partners')", True),
        ("metrics = [1]\nlen(metrics)", False),
        ("other.metrics()", False),
        ("%matplotlib inline\nmetrics(", False),
    ],
)
def test_whether_it_asks_the_metric_model(tmp_path, source, asks):
    write_notebook(tmp_path / "n.ipynb", source)
    found = load_notebook(tmp_path, "n.ipynb", where="reports/n.yml:2").asks_metrics
    assert found.startswith("n.ipynb cell 2, line ") if asks else not found
