"""Metrics told of single units: what is added up for each of them, so that sums over units are the metric's own.

A metric is a mean over units where all that it is made of can be added up row by row, and a ratio where it is one such
sum over another: Σ numerator / Σ denominator over units is then what the metric is of all their rows. Of anything
else, as medians or running totals, there is no such sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import MetricError
from analytics_lib.model.metrics.composition import looks_back
from analytics_lib.model.metrics.formulas import Call, Name, Number, Operation, names_in
from analytics_lib.model.metrics.keys import key_label
from analytics_lib.model.metrics.plan import ADDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.formulas import Formula
    from analytics_lib.model.metrics.plan import Leaf

SUM, COUNT = "__sum", "__n"
"""What follows an average's label: of the values, and how many there are."""
BASE, CONVERTED = "__base", "__converted"
"""What follows a conversion's label: who did the first, and who did both."""
BEFORE: Final = "__before"
"""What follows a column's name where rows before the first exposure are meant."""
_LIKE_ROWS: Final = "a sum, a count, an average or a ratio of these can be told of single units"


@dataclass(frozen=True)
class Unitwise:
    """How a metric is told of single units: one sum, or one over another.

    Parameters
    ----------
    above, below
        What is added up of each unit; no `below` where the metric is a mean over units. A `Name` is a leaf's label,
        with `SUM` and `COUNT` of an average, `BASE` and `CONVERTED` of a conversion.
    is_share
        Whether it is 0 or 1 of each unit.
    """

    above: Formula
    below: Formula | None = None
    is_share: bool = False


class _NotUnitwiseError(ValueError):
    """Why a metric cannot be told of single units; the sentence lacks its subject."""


def tell_by_unit(name: str, formula: Formula, leaves: Mapping[str, Leaf], *, where: str | None = None) -> Unitwise:
    """Return how a metric is told of single units.

    Parameters
    ----------
    name, formula
        The metric, and how it is made of leaves.
    leaves
        Label → leaf, the only field of its `by` being the unit's key.
    where
        Where it is asked for.

    Raises
    ------
    MetricError
        It cannot be told of single units; the sentence says why, and what can.
    """
    try:
        above, below = _halves(formula, leaves)
    except _NotUnitwiseError as error:
        said, _, hint = str(error).partition("; ")
        raise MetricError(
            f"metric '{name}' cannot be told of single units: {said}", where=where, hint=hint or _LIKE_ROWS
        ) from None
    is_share = below is None and isinstance(above, Name) and _counts_units(leaves[above.name])
    return Unitwise(above, below, is_share)


def require_own_time(catalogue: Catalogue, name: str) -> None:
    """Refuse a metric with a part of another time than the experiment's days.

    Raises
    ------
    MetricError
        It looks back.
    """
    if looks_back(catalogue, name):
        raise MetricError(
            f"metric '{name}' cannot be told of single units: it looks back, to days before the experiment",
            hint="its parts without an offset can; `lookback` takes what units did before as a covariate",
        )


def _halves(formula: Formula, leaves: Mapping[str, Leaf]) -> tuple[Formula, Formula | None]:
    """Return a formula as one sum over another; the second is None where it is a sum itself."""
    if isinstance(formula, Name) and not _is_added(leaves[formula.name]):
        return _of_leaf(leaves[formula.name])
    if isinstance(formula, Call) and formula.function == "coalesce":
        return _halves(formula.arguments[0], leaves)  # sums have a value; a ratio lacks one only where nobody has rows
    if isinstance(formula, Operation):
        return _of_operation(formula, leaves)
    if isinstance(formula, Number):
        raise _NotUnitwiseError("it adds a number once, not once for each unit; leave the number out")
    if isinstance(formula, Call):
        raise _NotUnitwiseError(f"{formula.function}() of a sum is not the sum of what it is of each unit")
    return formula, None


def _of_operation(formula: Operation, leaves: Mapping[str, Leaf]) -> tuple[Formula, Formula | None]:
    operator, left, right = formula.operator, formula.left, formula.right
    if operator == "/" and names_in(right):
        if not names_in(left):
            raise _NotUnitwiseError("it divides a number by a metric; divide a metric by it")
        (above, over), (below, under) = _halves(left, leaves), _halves(right, leaves)
        if over is not None or under is not None:
            raise _NotUnitwiseError("it divides ratios; one sum over another can be told")
        return above, below
    if operator in {"*", "/"}:
        if names_in(left) and names_in(right):
            raise _NotUnitwiseError("it multiplies metrics, and a product of sums is no sum of products")
        scaled, factor = (left, right) if names_in(left) else (right, left)
        whole, parts = _halves(scaled, leaves)
        return Operation(operator, whole, factor), parts
    return _added(operator, left, right, leaves)


def _added(operator: str, left: Formula, right: Formula, leaves: Mapping[str, Leaf]) -> tuple[Formula, Formula | None]:
    """Return a sum or difference; a number beside a ratio is as often in its numerator as there is a denominator."""
    if left == Number(0.0):  # a minus sign
        above, below = _halves(right, leaves)
        return Operation(operator, left, above), below
    for number, rest in ((left, right), (right, left)):
        if not names_in(number):
            above, below = _halves(rest, leaves)
            if below is None:
                return _halves(number, leaves)
            times = Operation("*", below, number)
            added = Operation(operator, times, above) if number is left else Operation(operator, above, times)
            return added, below
    (first, one), (second, other) = _halves(left, leaves), _halves(right, leaves)
    if one != other:
        raise _NotUnitwiseError("it adds ratios of different denominators; one sum over another can be told")
    return Operation(operator, first, second), one


def _is_added(leaf: Leaf) -> bool:
    return leaf.defined.metric.type == "simple" and leaf.measured.measure.aggregate in ADDED


def _of_leaf(leaf: Leaf) -> tuple[Formula, Formula | None]:
    metric, aggregate = leaf.defined.metric, leaf.measured.measure.aggregate
    if metric.type == "cumulative":
        raise _NotUnitwiseError(
            f"'{leaf.label}' adds up over time, beyond the experiment's days; "
            f"take a simple metric of the measure '{leaf.measured.name}'"
        )
    if leaf.then is not None:
        return Name(leaf.label + CONVERTED), Name(leaf.label + BASE)
    if aggregate == "average":
        return Name(leaf.label + SUM), Name(leaf.label + COUNT)
    what = {"min": "the smallest value", "max": "the largest value"}.get(aggregate, f"a {aggregate}")
    raise _NotUnitwiseError(f"'{leaf.label}' is {what} of all rows, which is not made of values of units; "
                            f"{_LIKE_ROWS}, and `facts` take the largest value of each unit")  # fmt: skip


def _counts_units(leaf: Leaf) -> bool:
    """Tell whether a leaf counts different units: each is then there or not."""
    (key,) = leaf.by
    measure, entities = leaf.measured.measure, leaf.measured.file.model.entities
    if key.hops or measure.aggregate != "count_distinct":
        return False
    role, part = next((role, part) for role, part in entities.items() if key_label(role) == key.name)
    own = (measure.expression, None if measure.expression else measure.column or leaf.measured.name)
    return own == (part.expression, None if part.expression else part.column or role)
