"""From a report file to its pages: values, products, addresses, labels, titles."""

from __future__ import annotations

import pytest

from analytics_lib.errors import InputError, ParameterError, ReportError
from analytics_lib.pipeline.pages import slug
from analytics_lib.pipeline.plan import plan_report
from analytics_lib.pipeline.sources import Sources

PARAMETERS = "region: str = 'north'\nproduct: str = 'tea'\nyear: int = 2026\nas_of: str = '2026-06-30'\n"


@pytest.fixture
def planned(bench):
    """Plan a report over four parameters; its keys and the values given by hand are the test's."""
    bench.notebook("sales", parameters=PARAMETERS)

    def planned(given=None, **keys):
        bench.report("sales", **{"title": "Sales", **keys})
        sources = Sources(bench.load())
        try:
            return plan_report(sources, "sales", given or {}, self_contained=False)
        finally:
            sources.close()

    return planned


@pytest.fixture
def shop(bench):
    """A database for the queries of `for_each`."""
    import sqlite3

    bench.write("analytics.toml", '[connections.shop]\nurl = "sqlite:///shop.db"\n')
    with sqlite3.connect(bench.root / "shop.db") as database:
        database.executescript("""
            create table regions (code text, label text, opened int);
            insert into regions values ('n', 'North', 2020), ('s', null, 2025), ('e', 'East', 2027);
        """)
    database.close()

    def query(text):
        return {"connection": "shop", "query": text}

    return query


def names(plan):
    return [page.name for page in plan.pages]


def test_a_report_without_for_each_has_one_page(planned):
    (page,) = planned().pages
    assert (page.name, page.label, page.title) == ("index", "Sales", "Sales")
    assert page.parameters == {"region": "north", "product": "tea", "year": 2026, "as_of": "2026-06-30"}


def test_a_list(planned):
    plan = planned(for_each={"region": ["north", "south"]})
    assert names(plan) == ["north", "south"]
    assert [page.label for page in plan.pages] == ["north", "south"]
    assert [page.parameters["region"] for page in plan.pages] == ["north", "south"]


def test_several_keys_make_the_product_in_order(planned):
    plan = planned(for_each={"region": ["north", "south"], "year": [2025, 2026]})
    assert names(plan) == ["north--2025", "north--2026", "south--2025", "south--2026"]
    assert plan.pages[1].label == "north, 2026"
    assert plan.pages[1].parameters["year"] == 2026


def test_a_value_that_stands_twice_is_one_page(planned):
    assert names(planned(for_each={"year": [2025, "2025", 2026]})) == ["2025", "2026"]


def test_a_query_gives_values_and_labels(planned, shop):
    plan = planned(title="Sales of {region}", for_each={"region": shop("select code, label from regions order by 1")})
    assert names(plan) == ["e", "n", "s"]
    assert [page.label for page in plan.pages] == ["e · East", "n · North", "s"]
    assert [page.title for page in plan.pages] == ["Sales of East", "Sales of North", "Sales of s"]
    assert [page.shown[0].value for page in plan.pages] == ["East (e)", "North (n)", "s"]


def test_a_query_sees_the_other_parameters(planned, shop):
    query = shop("select code from regions where opened <= :year order by 1")
    assert names(planned(for_each={"region": query})) == ["n", "s"]
    assert names(planned({"year": "2020"}, for_each={"region": query})) == ["n--year-2020"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select code from regions where 1 = 0", "returns no row"),
        ("select label from regions", "returns a NULL"),
        ("select code from regions where opened < :yeer", "the query names :yeer, which is no parameter"),
        ("delete from regions", "read-only"),
        ("select cod from regions", "cod"),
    ],
)
def test_queries_that_give_nothing_to_render(planned, shop, query, words):
    with pytest.raises(InputError) as caught:
        planned(for_each={"region": shop(query)})
    assert words in caught.value.message
    assert caught.value.where.startswith("reports/sales.yml:")


def test_values_must_be_legal(planned):
    with pytest.raises(ParameterError, match="'soon' is not a whole number") as caught:
        planned(for_each={"year": [2025, "soon"]})
    assert caught.value.where == "reports/sales.yml:4"
    with pytest.raises(ReportError, match="the notebook declares no parameter 'regoin'") as caught:
        planned(for_each={"regoin": ["north"]})
    assert caught.value.hint == "did you mean 'region'?"


class TestGiven:
    def test_a_for_each_key_narrows(self, planned):
        assert names(planned({"region": "south"}, for_each={"region": ["north", "south"]})) == ["south"]

    def test_to_what_the_report_lists(self, planned):
        with pytest.raises(ParameterError) as caught:
            planned({"region": "suoth"}, for_each={"region": ["north", "south"]})
        assert str(caught.value) == "report 'sales': parameter 'region' cannot be 'suoth'; did you mean 'south'?"

    def test_another_value_gets_an_address_of_its_own(self, planned):
        plan = planned({"product": "green tea", "year": "2025"}, for_each={"region": ["north", "south"]})
        assert names(plan)[0] == f"north--product-{slug('green tea')}--year-2025"
        assert plan.pages[0].label == "north, Product green tea, Year 2025"
        assert planned({"year": 2025}).pages[0].name == "year-2025"

    def test_the_default_does_not(self, planned):
        assert names(planned({"year": "2026"})) == ["index"]

    def test_nor_does_the_logical_date(self, planned):
        (page,) = planned({"as_of": "2026-01-31"}).pages
        assert (page.name, page.parameters["as_of"]) == ("index", "2026-01-31")

    def test_an_unknown_name(self, planned):
        with pytest.raises(ParameterError) as caught:
            planned({"yaer": 2025})
        assert caught.value.hint == "did you mean 'year'?"

    def test_an_illegal_value(self, planned):
        with pytest.raises(ParameterError, match="'x' is not a whole number"):
            planned({"year": "x"})


class TestTitle:
    def test_parameters_stand_in_it(self, planned):
        (page,) = planned(title="{product} in the {region}, {year}").pages
        assert page.title == "tea in the north, 2026"

    @pytest.mark.parametrize(
        ("title", "shared"),
        [
            ("On time: {region}", "On time"),
            ("{region} – sales", "sales"),
            ("Sales ({region})", "Sales"),
            ("Sales of {region} in {year}", "Sales of in"),
            ("{region}", "sales"),
        ],
    )
    def test_what_all_pages_share(self, planned, title, shared):
        assert planned(title=title).title == shared

    def test_an_unknown_parameter(self, planned):
        with pytest.raises(ReportError, match="the title names the unknown parameter 'regoin'") as caught:
            planned(title="Sales of {regoin}")
        assert caught.value.where == "reports/sales.yml:1"

    def test_braces_of_a_value_stay(self, planned):
        plan = planned(title="Sales of {region}", for_each={"region": ["{year}"]})
        assert plan.pages[0].title == "Sales of {year}"


@pytest.mark.parametrize(
    ("declared", "readable"),
    [
        ("x: bool = True", "yes"),
        ("x: bool = False", "no"),
        ("x = None", "none"),
        ("x = ['a', 'b']", "a, b"),
        ("x = 3", "3"),
    ],
)
def test_parameters_for_readers(bench, declared, readable):
    bench.notebook("sales", parameters=declared)
    bench.report("sales", parameters={"x": {"label": "The x"}})
    (page,) = plan_report(Sources(bench.load()), "sales", {}, self_contained=False).pages
    assert [(each.name, each.label, each.value) for each in page.shown] == [("x", "The x", readable)]


class TestSlug:
    @pytest.mark.parametrize("text", ["UA", "2026-01-31", "a_b", "v1.2", "B6"])
    def test_plain_text_stays(self, text):
        assert slug(text) == text

    @pytest.mark.parametrize(
        "text", ["", " ", "..", "../../etc/passwd", "a/b", "a b", "São Paulo", "東京", "<script>", "a%2fb", "-x",
                 "a--b", "CON\x00", "x" * 300, "Index", "index", ".hidden", "a.", "\N{SNOWMAN}", "a\nb", "#", "?q=1"],
    )  # fmt: skip
    def test_odd_text_is_made_fit(self, text):
        found = slug(text)
        assert found != text
        assert found
        assert set(found) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
        assert found[0] not in "-."
        assert "--" not in found
        assert len(found) <= 70

    def test_what_only_differs_in_odd_characters_keeps_apart(self):
        texts = ["a b", "a/b", "a  b", "a-b", "a--b", "ä b", "", " "]
        assert len({slug(text) for text in texts}) == len(texts)

    def test_parts_keep_apart(self, planned):
        plan = planned(for_each={"region": ["a", "a-b"], "product": ["b-c", "c"]})
        assert len(set(names(plan))) == 4

    def test_two_values_under_one_address_are_refused(self, planned):
        with pytest.raises(ReportError, match="two pages would have the address sales/ua"):
            planned(for_each={"region": ["UA", "ua"]})
