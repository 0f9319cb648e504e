"""What is wrong with a parameter is said before a kernel starts, and nothing published changes."""

from __future__ import annotations

import pytest
from support.shop import PARAMETERS

COMMAND = ("run", "orders")
OUR_REPORT = "report 'orders': "


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["-p", "regoin=north"], "unknown parameter 'regoin'. Did you mean 'region'?"),
        (["-p", "top=many"], "parameter 'top': 'many' is not a whole number from 1 to 5."),
        (["-p", "top=2.5"], "parameter 'top': '2.5' is not a whole number from 1 to 5."),
        (["-p", "top=9"], "parameter 'top': '9' is out of range. Give it a whole number from 1 to 5."),
        (["-p", "top="], "parameter 'top': '' is not a whole number from 1 to 5."),
        (["-p", "region=nroth"], "parameter 'region' cannot be 'nroth'. Did you mean 'north'?"),
        (["-p", "as_of=2026-02-30"], "parameter 'as_of': '2026-02-30' is not a date such as 2026-01-31."),
    ],
)
def test_a_value_of_the_command_line(shop, given, sentence):
    assert shop.refused(*COMMAND, *given) == OUR_REPORT + sentence


def test_a_value_that_is_no_pair(shop):
    assert shop.refused(*COMMAND, "-p", "top") == "'-p top' has no value. Write -p name=value."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("top: 9\n", "report 'orders': parameter 'top': 9 is out of range. Give it a whole number from 1 to 5."),
        ("top: [1\n", "given.yml:2: the file is not valid YAML: expected ',' or ']', but got '<stream end>'."),
        ("- top\n", "given.yml: the file holds no parameters. Write `name: value`."),
    ],
)
def test_a_file_of_values(shop, text, sentence):
    shop.write("given.yml", text)
    assert shop.refused(*COMMAND, "-f", "given.yml") == sentence


def test_a_file_of_values_that_is_missing(shop):
    assert shop.refused(*COMMAND, "-f", "given.yml") == "given.yml: the file cannot be read: No such file or directory."


def test_a_missing_value(shop):
    shop.cell(PARAMETERS, 'region: str\ntop: int = 3\nas_of: str = "2026-06-30"')
    assert shop.refused() == (
        "notebooks/orders.ipynb cell 2, line 1: parameter 'region' needs a value. "
        "Give one of north, south with `-p region=…`, in the report file, or as default."
    )


def test_a_value_that_the_report_file_requires(shop):
    shop.report("{min: 1, max: 5}", "{min: 1, max: 5, required: true}")
    assert shop.refused() == (
        "reports/orders.yml:7: parameter 'top' needs a value. "
        "Give a whole number from 1 to 5 with `-p top=…`, in the report file, or as default."
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('top: int = "three"', "parameter 'top': 'three' is not a whole number."),
        ("top: integer = 3", "parameter 'top' is of the unknown type 'integer'. Did you mean 'int'?"),
        (
            "top: int = max(1, 3)",
            (
                "the default of parameter 'top' is not a plain value. "
                'Write text, a number, true or false, or a list; a date as "2026-01-31".'
            ),
        ),
        ("top: int =", "the parameters cell is not Python: invalid syntax."),
        ("top: Literal[1, two] = 1", 'the choices of parameter \'top\' are not plain values. Write Literal["a", "b"].'),
    ],
)
def test_a_parameters_cell(shop, line, sentence):
    shop.cell(PARAMETERS, f'region: str = "north"\n{line}\nas_of: str = "2026-06-30"')
    assert shop.refused() == f"notebooks/orders.ipynb cell 2, line 2: {sentence}"


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("  top:", "  topp:", 7, "the notebook declares no parameter 'topp'. Did you mean 'top'?"),
        ("{min: 1, max: 5}", "{type: whole}", 7, None),
        (
            "{min: 1, max: 5}", "{min: 5, max: 9}", 7,
            "parameter 'top': 3 is out of range. Give it a whole number from 5 to 9.",
        ),
        (
            "{min: 1, max: 5}", "{min: one}", 7,
            "the min of parameter 'top' is 'one'. Give it a whole number.",
        ),
        (
            "{min: 1, max: 5}", "{default: many}", 7,
            "parameter 'top': 'many' is not a whole number.",
        ),
        (
            "choices: [north, south]", "choices: [south, west]", 6,
            "parameter 'region' cannot be 'north'. Did you mean 'south'?",
        ),
        (
            "owner:", "for_each: {region: [north, west]}\nowner:", 3,
            "parameter 'region' cannot be 'west'. Known are 'north' and 'south'.",
        ),
    ],
)  # fmt: skip
def test_a_refinement(shop, old, new, line, sentence):
    shop.report(old, new)
    sentence = sentence or (
        "parameters.top.type is 'whole'. "
        "Give it 'string', 'int', 'float', 'bool', 'date', 'datetime', 'choice' or 'list'."
    )
    assert shop.refused() == f"reports/orders.yml:{line}: {sentence}"


def test_two_pages_with_one_address(shop):
    shop.report("{choices: [north, south]}", "{label: Region}")
    shop.report("owner:", "for_each: {region: [north, NORTH]}\nowner:")
    assert shop.refused() == (
        "reports/orders.yml:3: two pages would have the address orders/NORTH.html: north and NORTH. "
        "Give for_each values that differ by more than case."
    )
