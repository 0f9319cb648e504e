"""What is asked of the metric model: which metrics, by what, of which rows and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - a dataclass of plain values
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import MetricError
from analytics_lib.model.metrics.conditions import conditions_of
from analytics_lib.model.metrics.periods import GRAINS, day_of

if TYPE_CHECKING:
    from analytics_lib.model.metrics.conditions import Conditions


@dataclass(frozen=True)
class MetricRequest:
    """A question to the metric model.

    Parameters
    ----------
    metrics
        Their names.
    by
        Dimensions, and at most one of `GRAINS`.
    where
        Conditions by dimension.
    start, end
        First and last day; None leaves one open.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: Conditions = ()
    start: date | None = None
    end: date | None = None

    @property
    def grain(self) -> str | None:
        """The period that values are told by."""
        return next((name for name in self.by if name in GRAINS), None)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What it is told by, besides periods."""
        return tuple(name for name in self.by if name not in GRAINS)


def make_request(
    metrics: str | Sequence[str],
    by: str | Sequence[str] = (),
    where: Mapping[str, Any] | None = None,
    start: object = None,
    end: object = None,
) -> MetricRequest:
    """Return a question from what a person gave.

    Raises
    ------
    MetricError
        No metric is named, one or a dimension twice, two periods are, or a value or day is none.

    Examples
    --------
    >>> make_request("revenue", ["month", "channel"], start="2026-01-01").grain
    'month'
    """
    names, dimensions = _names(metrics, "metrics"), _names(by, "by")
    if not names:
        raise MetricError("no metric was asked for", hint='name one: metrics.query(["revenue"])')
    grains = [name for name in dimensions if name in GRAINS]
    if len(grains) > 1:
        raise MetricError(f"by names two periods, {grains[0]} and {grains[1]}", hint="give it one of them")
    if where is not None and not isinstance(where, Mapping):
        raise MetricError(f"where is of type {type(where).__name__}", hint='a mapping is right: {"channel": "web"}')
    period = next((name for name in where or {} if name in GRAINS), None)
    if period is not None:
        raise MetricError(
            f"where names the period '{period}'",
            hint='give start and end, or a range of a time dimension: {"placed": ("2026-01-01", "2026-01-31")}',
        )
    try:
        conditions = conditions_of(where or {})
        first, last = (None if day is None else day_of(day, what) for day, what in ((start, "start"), (end, "end")))
    except ValueError as error:
        message, _, hint = str(error).partition("; ")
        raise MetricError(message, hint=hint or None) from None
    if first is not None and last is not None and first > last:
        raise MetricError(f"the end {last} is before the start {first}", hint="both are days of the range")
    return MetricRequest(names, dimensions, conditions, first, last)


def _names(given: object, what: str) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise MetricError(f"{what} is {given!r}", hint="give it a name, or a list of names")
    found = tuple(str(name) for name in names)
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise MetricError(f"{what} names '{twice}' twice", hint="name it once")
    return found
