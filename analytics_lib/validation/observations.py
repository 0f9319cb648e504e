"""What was seen, in a few words: ``8,255 of 336,776 values fail (2.45 %)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics_lib.validation.figures import count, exactly, listed, percent, roughly


def observe(kind: str, result: Mapping[str, Any]) -> str:
    """Return what Great Expectations observed, for a reader.

    Parameters
    ----------
    kind
        The expectation's type.
    result
        Its ``result``.

    Examples
    --------
    >>> result = {"element_count": 336776, "unexpected_count": 8255, "missing_count": 0}
    >>> observe("expect_column_values_to_not_be_null", result)
    '8,255 of 336,776 values fail (2.45 %)'
    >>> observe("expect_table_row_count_to_be_between", {"observed_value": 336776})
    'observed 336,776'
    """
    if "element_count" in result:
        return _share(kind, result)
    if {"unexpected_count", "missing_count"} & set(result):
        return _distinct(result)
    if "observed_value" not in result:
        return ""
    value = result["observed_value"]
    if kind == "unexpected_rows_expectation":
        return f"{count(value)} {'row' if value == 1 else 'rows'}"
    if value is None:
        return "observed no value"
    return f"observed {_value(value)}"


def _share(kind: str, result: Mapping[str, Any]) -> str:
    """Return how many did not conform. Missing values are not looked at, except by who looks for them."""
    of_columns = kind.startswith(("expect_column_values_", "expect_column_value_"))
    noun = "value" if of_columns else "row"
    unexpected = result["unexpected_count"] or 0
    looked_at = result.get("element_count") or 0
    if not kind.endswith("_null"):
        looked_at -= result.get("missing_count") or 0
    if not looked_at:
        return f"no {noun}s to look at"
    nouns = noun if looked_at == 1 else f"{noun}s"
    share = f" ({percent(unexpected, looked_at)})" if unexpected else ""
    verb = "fails" if unexpected == 1 else "fail"
    return f"{count(unexpected)} of {count(looked_at)} {nouns} {verb}{share}"


def _distinct(result: Mapping[str, Any]) -> str:
    """Return which values are too many and which too few, of a column that must have a given set of them."""
    parts = []
    for key, words in (("unexpected", "not in the set"), ("missing", "missing")):
        if result.get(f"{key}_count"):
            values = sorted(result.get(f"partial_{key}_list", ()), key=str)
            parts.append(f"{count(result[f'{key}_count'])} {words}: {listed(values)}")
    return "; ".join(parts) or "none outside the set"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        if {"quantiles", "values"} <= set(value):
            pairs = zip(value["quantiles"], value["values"], strict=True)
            return ", ".join(f"{roughly(found)} at {exactly(quantile)}" for quantile, found in pairs)
        return ", ".join(f"{key} {_value(each)}" for key, each in value.items())
    if isinstance(value, list | tuple | set):
        return listed(value)
    return roughly(value)
