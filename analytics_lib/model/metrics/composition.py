"""What a metric is made of: metrics made of measures, each with how far back it lies, and the formula over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from analytics_lib.model.metrics.formulas import Call, Name, Operation, parse_formula
from analytics_lib.model.metrics.offsets import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.defined import Defined
    from analytics_lib.model.metrics.formulas import Formula
    from analytics_lib.model.metrics.offsets import Offset

_LONGEST: Final = 50
_KEPT: Final = 30

Part = tuple["Defined", "Offset"]


def parts_of(catalogue: Catalogue, names: Sequence[str]) -> list[Part]:
    """Return the metrics made of measures that `names` are made of, each once for each offset."""
    found: dict[tuple[str, Offset], Part] = {}
    waiting = [(name, NONE) for name in names]
    while waiting:
        name, offset = waiting.pop(0)
        defined = catalogue.metric(name)
        if (name, offset) not in found:
            found[name, offset] = defined, offset
            below = [(part, offset + more) for part, more in defined.inputs]
            waiting = [*below, *waiting]
    return [(defined, offset) for defined, offset in found.values() if not defined.parts]


def looks_back(catalogue: Catalogue, name: str) -> list[Offset]:
    """Return how far back the parts of a metric lie that do: it needs days or a period to count from."""
    return list(dict.fromkeys(offset for _, offset in parts_of(catalogue, [name]) if offset))


def column_of(name: str, offset: Offset) -> str:
    """Return what the column is called that holds a metric made of measures."""
    if offset and len(name) + len(offset.label) > _LONGEST:  # databases cut names of more than 63 letters
        return f"{name[:_KEPT]}_{crc32(name.encode()):08x}{offset.label}"
    return name + offset.label


def formula_of(catalogue: Catalogue, name: str, offset: Offset = NONE) -> Formula:
    """Return how a metric is made; each `Name` in it is a column of `column_of`."""
    defined = catalogue.metric(name)
    metric = defined.metric
    if metric.type == "ratio":
        above, below = (formula_of(catalogue, str(part), offset) for part in (metric.numerator, metric.denominator))
        return Operation("/", above, below)
    if metric.formula is not None:
        return _replaced(catalogue, defined, parse_formula(metric.formula), offset)
    return Name(column_of(name, offset))


def _replaced(catalogue: Catalogue, defined: Defined, formula: Formula, offset: Offset) -> Formula:
    """Put the formulas of metrics in the place of their names."""
    if isinstance(formula, Name):
        name, more = defined.input(formula.name)
        return formula_of(catalogue, name, offset + more)
    if isinstance(formula, Operation):
        left, right = (_replaced(catalogue, defined, each, offset) for each in (formula.left, formula.right))
        return Operation(formula.operator, left, right)
    if isinstance(formula, Call):
        return Call(formula.function, tuple(_replaced(catalogue, defined, each, offset) for each in formula.arguments))
    return formula
