"""Whether every metric runs, agrees with its examples, and joins only where each row finds one at most."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from analytics_lib.errors import AnalyticsError
from analytics_lib.model.metrics.composition import looks_back
from analytics_lib.model.metrics.periods import GRAINS, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics_lib.connectors.metrics.metrics import Metrics
    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.defined import Defined
    from analytics_lib.model.metrics.files import Example
    from analytics_lib.model.metrics.offsets import Offset

_SHOWN = 12


@dataclass
class MetricCheck:
    """What came of a metric.

    Parameters
    ----------
    metric
        Its name.
    examples
        How many examples it was compared with.
    value
        What it is of all rows; None where it has no value, did not run, or looks back.
    problems
        What is wrong, each a sentence with file and line.
    """

    metric: str
    examples: int = 0
    value: float | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def check_metrics(metrics: Metrics, catalogue: Catalogue, names: Sequence[str] = ()) -> list[MetricCheck]:
    """Return what came of some metrics, by default all.

    Each is told of all rows and by its coarsest period, and compared with its examples. Models that it joins must have
    no two rows of the same primary entity.

    Raises
    ------
    MetricError
        A metric is unknown.
    """
    repeated = {name: _repeated(metrics, catalogue, name) for name in catalogue.models}
    chosen = [catalogue.metric(name) for name in names] if names else list(catalogue.metrics.values())
    return [_checked(metrics, catalogue, each, repeated) for each in chosen]


def _checked(metrics: Metrics, catalogue: Catalogue, defined: Defined, repeated: dict[str, str]) -> MetricCheck:
    found = MetricCheck(defined.name)
    try:
        offsets = looks_back(catalogue, defined.name)
        if not offsets:
            found.value = _number(metrics.query(defined.name)[defined.name].iloc[0])
        grain = _coarsest(catalogue, defined, offsets)
        if grain is not None:
            metrics.query(defined.name, by=[grain])
        for number, example in enumerate(defined.metric.examples):
            found.examples += 1
            problem = _compared(metrics, defined, example)
            if problem:
                found.problems.append(f"{defined.where('examples', number)}: {problem}")
    except AnalyticsError as error:
        found.problems.append(str(error))
    found.problems += [problem for name in _joinable(catalogue, defined) if (problem := repeated[name])]
    return found


def _compared(metrics: Metrics, defined: Defined, example: Example) -> str:
    """Return what is wrong with an example; nothing where it agrees."""
    frame = metrics.query(defined.name, where=example.where, start=example.start, end=example.end)
    value = _number(frame[defined.name].iloc[0])
    if agrees(value, example.value):
        return ""
    found, wanted = ("no value" if each is None else f"{each:.{_SHOWN}g}" for each in (value, example.value))
    days = "".join(f" {word} {day}" for word, day in (("from", example.start), ("until", example.end)) if day)
    rows = f" where {', '.join(f'{name} is {value}' for name, value in example.where.items())}" if example.where else ""
    return f"metric '{defined.name}' is {found}{days}{rows}, and its example says {wanted}"


def agrees(found: float | None, wanted: float | None) -> bool:
    """Return whether a value agrees with one that was written down, to the digits that were written.

    Examples
    --------
    >>> agrees(0.7463, 0.746), agrees(0.7467, 0.746), agrees(None, None)
    (True, False, True)
    """
    if found is None or wanted is None:
        return found is wanted
    digits = -int(Decimal(repr(wanted)).normalize().as_tuple().exponent)
    return abs(found - wanted) <= max(0.5 * 10.0 ** -max(digits, 0), 1e-12 * abs(wanted)) * (1 + 1e-9)


def _number(value: float) -> float | None:
    number = float(value)
    return None if number != number else number  # noqa: PLR0124 - NaN is unequal to itself


def _coarsest(catalogue: Catalogue, defined: Defined, offsets: Sequence[Offset]) -> str | None:
    """Return the coarsest period that all parts of a metric can be told by."""
    kept = []
    for part in catalogue.made_of([defined.name]):
        start = catalogue.start(part)
        if start.time is None:
            return None
        kept.append(start.file.model.dimensions[start.time].finest)
    known = [grain for grain in GRAINS if all(offset.fits(grain) for offset in offsets)]
    return next((grain for grain in reversed(known) if all(within(grain, finest) for finest in kept)), None)


def _joinable(catalogue: Catalogue, defined: Defined) -> list[str]:
    from analytics_lib.model.metrics.joins import ways_from

    starts = {catalogue.start(part).file.name for part in catalogue.made_of([defined.name])}
    return sorted({name for start in starts for hops, name in ways_from(catalogue.models, start) if hops})


def _repeated(metrics: Metrics, catalogue: Catalogue, name: str) -> str:
    """Return what is wrong with a model's primary entity; nothing where each row is another one."""
    file = catalogue.models[name]
    primary = file.model.primary
    if primary is None:
        return ""
    try:
        rows, different = metrics.count_keys(name, primary)
    except AnalyticsError as error:
        return str(error)
    if rows == different:
        return ""
    place = file.where("entities", primary)
    return (
        f"{place}: '{primary}' of model '{name}' is no primary entity: {rows:,} rows are {different:,} different ones"
    )
