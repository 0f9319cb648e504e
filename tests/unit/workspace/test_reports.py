"""Report files: every mistake is told with file, line and what would be right."""

from __future__ import annotations

import pytest

from analytics_lib.errors import ReportError
from analytics_lib.workspace.reports import load_report, report_names

LEAST = "title: Sales\nnotebook: notebooks/sales.ipynb\n"


@pytest.fixture
def written(tmp_path):
    def written(text, name="sales.yml"):
        path = tmp_path / "reports" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path

    return written


@pytest.fixture
def complaint(written):
    def complaint(text):
        with pytest.raises(ReportError) as caught:
            load_report(written(text), "sales")
        return caught.value

    return complaint


def test_a_report(written):
    file = load_report(written(LEAST), "sales")
    assert (file.name, file.shown, file.report.title) == ("sales", "reports/sales.yml", "Sales")


@pytest.mark.parametrize("name", ["sales", "sales.yml", "reports/sales.yml"])
def test_a_report_may_be_named_by_its_file(written, name):
    assert load_report(written(LEAST), name).name == "sales"


def test_names(written, tmp_path):
    assert report_names(tmp_path) == []
    written(LEAST, "b.yml")
    written(LEAST, "a.yaml")
    written("no report", "notes.txt")
    written("no report", ".draft.yml")
    assert report_names(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("twin", ["sales.yaml", "Sales.yml"])
def test_two_files_of_one_name(written, tmp_path, twin):
    written(LEAST)
    written(LEAST, twin)
    with pytest.raises(ReportError, match=r"is defined twice"):
        report_names(tmp_path)


def test_a_name_that_no_address_can_hold(written):
    with pytest.raises(ReportError, match="'übersicht alle' cannot be a report's name"):
        report_names(written(LEAST, "übersicht alle.yml"))


def test_an_unknown_report(written, tmp_path):
    with pytest.raises(ReportError) as caught:
        load_report(written(LEAST), "slaes")
    assert caught.value.hint == "did you mean 'sales'?"
    (tmp_path / "reports/sales.yml").unlink()
    with pytest.raises(ReportError, match="there is no report 'sales'"):
        load_report(tmp_path, "sales")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("title: [a\n", 2, ["not valid YAML"]),
        ("title: a: b\n", 1, ["not valid YAML"]),
        ("title: a\n\tnotebook: b\n", 2, ["not valid YAML"]),
        (LEAST + "title: Other\n", 3, ["'title' stands twice"]),
        (LEAST + "parameters:\n  x: {min: 1}\n  x: {min: 2}\n", 5, ["'x' stands twice"]),
        (LEAST + "onwer: me\n", 3, ["unknown key 'onwer'", "did you mean 'owner'?"]),
        (LEAST + "parameters:\n  top:\n    label: Top\n    mni: 1\n", 6, ["unknown key 'mni'", "'min'"]),
        (LEAST + "for_each:\n  x:\n    connection: a\n    sql: select 1\n", 6, ["unknown key 'sql'"]),
        (LEAST + "freshness:\n  connection: a\n  qeury: select 1\n", 5, ["unknown key 'qeury'", "'query'"]),
        (LEAST + "checks:\n  - suite: s\n    output: o\n    severty: error\n", 6, ["'severty'", "'severity'"]),
        (LEAST + "checks:\n  - suite: s\n    connection: c\n    tabel: t\n", 6, ["'tabel'", "'table'"]),
        (LEAST + "tags:\n  sales\n", 3, ["tags", "'sales'"]),
        (LEAST + "time_zone: Mars/Olympus\n", 3, ["'Mars/Olympus' is no IANA time zone"]),
        (LEAST + "execution_timeout: 0\n", 3, ["execution_timeout", "0"]),
        (LEAST + "always_render: perhaps\n", 3, ["always_render", "'perhaps'"]),
        (LEAST + "parameters:\n  x: {type: integer}\n", 4, ["'integer'"]),
        (LEAST + "outputs: [pptx]\n", 3, ["'pptx'"]),
    ],
)
def test_complaints_name_their_line(complaint, text, line, words):
    error = complaint(text)
    assert error.where == f"reports/sales.yml:{line}"
    for word in words:
        assert word in str(error)


def test_a_missing_key_says_what_it_is(complaint):
    error = complaint("title: Sales\n")
    assert "'notebook' is missing" in error.message
    assert "notebooks/NAME.ipynb" in error.hint


@pytest.mark.parametrize("text", ["", "# only a comment\n", "- a\n- list\n", "just text\n"])
def test_a_file_without_a_report(complaint, text):
    assert complaint(text).where.startswith("reports/sales.yml")


def test_bytes_that_are_no_text(written, tmp_path):
    written(LEAST)
    (tmp_path / "reports/sales.yml").write_bytes(b"title: \xff\xfe\n")
    with pytest.raises(ReportError, match="not UTF-8"):
        load_report(tmp_path, "sales")


def test_code_in_yaml_is_not_run(complaint):
    assert "not valid YAML" in complaint("title: !!python/object/apply:os.getcwd []\n").message


def test_where_falls_back_to_the_nearest_key(written):
    file = load_report(written(LEAST + "checks:\n  - {suite: s, output: o}\n"), "sales")
    assert file.where("checks", 0, "suite") == "reports/sales.yml:4"
    assert file.where("checks", 0, "severity") == "reports/sales.yml:4"
    assert file.where("checks", 7) == "reports/sales.yml:3"
    assert file.where("owner") == "reports/sales.yml"
