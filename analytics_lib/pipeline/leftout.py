"""What a table of exposures holds besides the units that are analyzed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from analytics_lib.model.decisions import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.connectors.moments.exposures import ExposureCounts
    from analytics_lib.model.experiment import Experiment

_TOLERATED: Final = 0.01
"""Share of units at fault up to which a finding is a warning."""


def left_out(counts: ExposureCounts, experiment: Experiment) -> Iterator[Finding]:
    """Yield a finding for each kind of units that were left out; being young is no fault.

    Parameters
    ----------
    counts
        How many there are.
    experiment
        For its days.
    """
    for kind, number, said, advice in (
        ("exposure before start", counts.early, f"{{were}} exposed before the start on {experiment.start}",
         "correct the start, or find out who showed the variants before it"),
        ("variant missing", counts.without_variant, "{were} exposed without a variant, and {are} left out",
         "look at how exposures are logged: the variant is lost on the way"),
        ("exposure after end", counts.late, f"{{were}} first exposed after the end on {experiment.end}, too late",
         "find out who still shows the variants; results are those of units that came in time"),
        ("window not over", counts.young, "{are} left out until the days in which {their} facts count are over",
         "nothing: they count later, each with as many days as the others"),
    ):  # fmt: skip
        if number:
            words = ("were", "are", "their") if number > 1 else ("was", "is", "its")
            grave = kind not in {"exposure after end", "window not over"} and number > _TOLERATED * max(counts.units, 1)
            severity: Literal["error", "warning"] = "error" if grave else "warning"
            sentence = said.format(**dict(zip(("were", "are", "their"), words, strict=True)))
            yield Finding(kind, severity, f"{number:,} unit{'s' * (number > 1)} {sentence}", advice)
