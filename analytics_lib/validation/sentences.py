"""An expectation as a sentence: ``at least 97 % of dep_time must not be null``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analytics_lib.validation.figures import exactly, listed

Kwargs = Mapping[str, Any]
Words = Callable[[Kwargs], str]


def describe(expectation: Mapping[str, Any]) -> str:
    """Return one sentence, without a full stop, for any expectation of a suite; the author's own when there is one.

    Parameters
    ----------
    expectation
        Great Expectations' dictionary: ``type``, ``kwargs`` and perhaps ``description``.

    Examples
    --------
    >>> describe({"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "dep_time", "mostly": 0.97}})
    'at least 97 % of dep_time must not be null'
    >>> describe({"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 300000}})
    'row count must be at least 300,000'
    >>> describe({"type": "expect_column_values_to_be_tasty", "kwargs": {"column": "pie", "salt": 2}})
    'pie: values to be tasty (salt 2)'
    """
    if expectation.get("description"):
        return str(expectation["description"]).strip().rstrip(".")
    kind, kwargs = str(expectation["type"]), expectation.get("kwargs", {})
    try:
        sentence = _known(kind, kwargs)
    except (ArithmeticError, AttributeError, KeyError, LookupError, TypeError, ValueError):
        # The words are no place to find out that an argument has an odd type: evaluating it says so.
        sentence = None
    return (sentence or _fallback(kind, kwargs)) + _condition(kwargs.get("row_condition"))


def _known(kind: str, kwargs: Kwargs) -> str | None:
    if kind in _ROWS:
        subject, words = _ROWS[kind]
        return f"{_share(kwargs)}{subject(kwargs)} must {words(kwargs)}"
    if kind in _FIGURES:
        return f"{_FIGURES[kind].format_map(kwargs)} must be {_range(kwargs)}"
    if kind in _WHOLES:
        return _WHOLES[kind](kwargs)
    return None


def _fallback(kind: str, kwargs: Kwargs) -> str:
    """Return the expectation's own name in words, for one that a plugin brought."""
    words = kind.removeprefix("expect_").replace("_", " ")
    column = kwargs.get("column")
    if column is not None:
        words = f"{column}: {words.removeprefix('column ')}"
    hidden = {"column", "row_condition", "condition_parser"}
    details = ", ".join(f"{key} {exactly(value)}" for key, value in kwargs.items() if key not in hidden)
    return f"{words} ({details})" if details else words


def _share(kwargs: Kwargs) -> str:
    """Return ``at least 97 % of `` unless all of it must hold."""
    mostly = kwargs.get("mostly", 1)
    if isinstance(mostly, Mapping):
        return f"at least {exactly(mostly)} of "
    return "" if mostly >= 1 else f"at least {exactly(round(100 * mostly, 6))} % of "


def _range(kwargs: Kwargs, unit: str = "") -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above = "more than" if kwargs.get("strict_min") else "at least"
    below = "less than" if kwargs.get("strict_max") else "at most"
    if low is None and high is None:
        return f"known{unit}"
    if high is None:
        return f"{above} {exactly(low)}{unit}"
    if low is None:
        return f"{below} {exactly(high)}{unit}"
    if kwargs.get("strict_min") or kwargs.get("strict_max"):
        return f"{above} {exactly(low)} and {below} {exactly(high)}{unit}"
    return f"between {exactly(low)} and {exactly(high)}{unit}"


def _set(kwargs: Kwargs, key: str = "value_set") -> str:
    values = kwargs[key]
    return exactly(values) if isinstance(values, Mapping) else listed(values)


def _columns(kwargs: Kwargs, key: str = "column_list") -> str:
    names = [str(name) for name in kwargs[key]]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _one_of(kwargs: Kwargs, key: str) -> str:
    patterns = ", ".join(str(pattern) for pattern in kwargs[key])
    return f"{'all' if kwargs.get('match_on') == 'all' else 'one'} of {patterns}"


def _quantiles(kwargs: Kwargs) -> str:
    ranges = kwargs["quantile_ranges"]
    parts = (
        f"the {exactly(quantile)} quantile {_range({'min_value': low, 'max_value': high})}"
        for quantile, (low, high) in zip(ranges["quantiles"], ranges["value_ranges"], strict=True)
    )
    return f"{kwargs['column']} must have {', '.join(parts)}"


def _unexpected_rows(kwargs: Kwargs) -> str:
    query = " ".join(str(kwargs["unexpected_rows_query"]).replace("{batch}", "the table").split()).rstrip("; ")
    return f"no row must be found by: {query}"


def _order(direction: str) -> Words:
    return lambda kwargs: f"{direction}{' strictly' if kwargs.get('strictly') else ''} from row to row"


def _said(words: str) -> Words:
    return words.format_map


def _condition(condition: object) -> str:
    """Return `` where …`` for a row condition: text, or the dictionary of Great Expectations 1.x."""
    if not condition:
        return ""
    return f" where {_clause(condition) if isinstance(condition, Mapping) else condition}"


def _clause(condition: Mapping[str, Any]) -> str:
    kind = condition.get("type")
    if kind in {"and", "or"}:
        return f" {kind} ".join(_clause(each) for each in condition.get("conditions", ()))
    column = condition.get("column")
    name = column.get("name") if isinstance(column, Mapping) else column
    if kind == "nullity":
        return f"{name} is {'' if condition.get('is_null') else 'not '}null"
    return f"{name} {condition.get('operator')} {exactly(condition.get('parameter'))}"


_column: Words = _said("{column}")
_pair: Words = _said("{column_A} and {column_B}")

# What must hold in every row: whom it speaks of, and what must be so.
_ROWS: dict[str, tuple[Words, Words]] = {
    "expect_column_values_to_not_be_null": (_column, _said("not be null")),
    "expect_column_values_to_be_null": (_column, _said("be null")),
    "expect_column_values_to_be_unique": (_column, _said("be unique")),
    "expect_column_values_to_be_between": (_column, lambda kwargs: f"be {_range(kwargs)}"),
    "expect_column_values_to_be_in_set": (_column, lambda kwargs: f"be in {_set(kwargs)}"),
    "expect_column_values_to_not_be_in_set": (_column, lambda kwargs: f"not be in {_set(kwargs)}"),
    "expect_column_values_to_be_of_type": (_column, _said("be of type {type_}")),
    "expect_column_values_to_be_in_type_list": (_column, lambda kwargs: f"be of type {_one_of(kwargs, 'type_list')}"),
    "expect_column_values_to_be_increasing": (_column, _order("increase")),
    "expect_column_values_to_be_decreasing": (_column, _order("decrease")),
    "expect_column_values_to_match_regex": (_column, _said("match the pattern {regex}")),
    "expect_column_values_to_not_match_regex": (_column, _said("not match the pattern {regex}")),
    "expect_column_values_to_match_regex_list": (_column, lambda kwargs: f"match {_one_of(kwargs, 'regex_list')}"),
    "expect_column_values_to_not_match_regex_list": (
        _column,
        lambda kwargs: f"match none of {', '.join(kwargs['regex_list'])}",
    ),
    "expect_column_values_to_match_like_pattern": (_column, _said("be like {like_pattern}")),
    "expect_column_values_to_not_match_like_pattern": (_column, _said("not be like {like_pattern}")),
    "expect_column_values_to_match_like_pattern_list": (
        _column,
        lambda kwargs: f"be like {_one_of(kwargs, 'like_pattern_list')}",
    ),
    "expect_column_values_to_not_match_like_pattern_list": (
        _column,
        lambda kwargs: f"be like none of {', '.join(kwargs['like_pattern_list'])}",
    ),
    "expect_column_values_to_match_strftime_format": (_column, _said("have the date format {strftime_format}")),
    "expect_column_values_to_be_dateutil_parseable": (_column, _said("be readable as dates")),
    "expect_column_values_to_be_json_parseable": (_column, _said("be valid JSON")),
    "expect_column_values_to_match_json_schema": (_column, _said("match their JSON schema")),
    "expect_column_values_to_not_be_outliers": (_column, _said("not be outliers")),
    "expect_column_value_lengths_to_be_between": (
        _column,
        lambda kwargs: f"be {_range(kwargs, ' characters')} long",
    ),
    "expect_column_value_lengths_to_equal": (
        _column,
        lambda kwargs: f"be {exactly(kwargs['value'])} characters long",
    ),
    "expect_column_value_z_scores_to_be_less_than": (
        _column,
        lambda kwargs: f"stay within {exactly(kwargs['threshold'])} standard deviations of the mean",
    ),
    "expect_column_pair_values_to_be_equal": (_pair, _said("be equal")),
    "expect_column_pair_values_a_to_be_greater_than_b": (
        _said("{column_A}"),
        lambda kwargs: f"be {'at least' if kwargs.get('or_equal') else 'greater than'} {kwargs['column_B']}",
    ),
    "expect_column_pair_values_to_be_in_set": (_pair, lambda kwargs: f"be in {_set(kwargs, 'value_pairs_set')}"),
    "expect_compound_columns_to_be_unique": (_columns, _said("be unique together")),
    "expect_select_column_values_to_be_unique_within_record": (_columns, _said("differ within a row")),
    "expect_multicolumn_values_to_be_equal": (_columns, _said("be equal within a row")),
    "expect_multicolumn_sum_to_equal": (
        _columns,
        lambda kwargs: f"add up to {exactly(kwargs['sum_total'])} in a row",
    ),
}

# One number that must lie in a range.
_FIGURES = {
    "expect_table_row_count_to_be_between": "row count",
    "expect_table_column_count_to_be_between": "column count",
    "expect_column_max_to_be_between": "maximum of {column}",
    "expect_column_min_to_be_between": "minimum of {column}",
    "expect_column_mean_to_be_between": "mean of {column}",
    "expect_column_median_to_be_between": "median of {column}",
    "expect_column_stdev_to_be_between": "standard deviation of {column}",
    "expect_column_sum_to_be_between": "sum of {column}",
    "expect_column_unique_value_count_to_be_between": "number of different values of {column}",
    "expect_column_proportion_of_unique_values_to_be_between": "share of different values of {column}",
    "expect_column_proportion_of_non_null_values_to_be_between": "share of values of {column} that are not null",
}

# What must hold of the table or the column as a whole.
_WHOLES: dict[str, Words] = {
    "expect_table_row_count_to_equal": lambda kwargs: f"row count must be {exactly(kwargs['value'])}",
    "expect_table_column_count_to_equal": lambda kwargs: f"column count must be {exactly(kwargs['value'])}",
    "expect_table_row_count_to_equal_other_table": _said("row count must be that of table {other_table_name}"),
    "expect_table_columns_to_match_ordered_list": lambda kwargs: f"columns must be {_columns(kwargs)}, in this order",
    "expect_table_columns_to_match_set": lambda kwargs: (
        f"columns must {'include' if kwargs.get('exact_match') is False else 'be'} {_columns(kwargs, 'column_set')}"
    ),
    "expect_column_to_exist": _said("column {column} must exist"),
    "expect_column_type_to_be": _said("{column} must be of type {type_}"),
    "expect_column_distinct_values_to_be_in_set": lambda kwargs: f"{kwargs['column']} must be in {_set(kwargs)}",
    "expect_column_distinct_values_to_contain_set": lambda kwargs: f"{kwargs['column']} must include {_set(kwargs)}",
    "expect_column_distinct_values_to_equal_set": lambda kwargs: (
        f"{kwargs['column']} must have the values {_set(kwargs)}, all of them and no other"
    ),
    "expect_column_most_common_value_to_be_in_set": lambda kwargs: (
        f"most common value of {kwargs['column']} must be in {_set(kwargs)}"
    ),
    "expect_column_quantile_values_to_be_between": _quantiles,
    "expect_column_kl_divergence_to_be_less_than": lambda kwargs: (
        f"{kwargs['column']} must diverge from its expected distribution by less than {exactly(kwargs['threshold'])}"
    ),
    "unexpected_rows_expectation": _unexpected_rows,
}
