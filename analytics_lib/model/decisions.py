"""What is decided about an experiment: the metrics' roles, what speaks against the data, the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from analytics_lib.errors import InputError, nearest

Kind = Literal["success", "secondary", "guardrail"]
Desired = Literal["increase", "decrease"]
Verdict = Literal["ship", "roll back", "keep going", "unhealthy", "inconclusive"]

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)


@dataclass(frozen=True)
class Role:
    """What a metric is there for.

    Parameters
    ----------
    kind
        A ``"success"`` metric must improve, a ``"guardrail"`` must not get worse, a ``"secondary"`` one only explains.
    margin
        The greatest loss of a guardrail that is tolerated, 0 or positive whichever way is desired. The treatment must
        show that it loses less (non-inferiority). Left out, it must only not be shown to be worse.
    desired
        Whether more or less of the metric is good.
    relative
        Whether the margin is a share of control's mean, so that 0.01 is 1 %.

    Raises
    ------
    InputError
        There is no such kind or direction, the margin is negative, or it is given for something else than a guardrail.

    Examples
    --------
    >>> Role("guardrail", margin=0.02, desired="decrease", relative=True).sign
    -1
    """

    kind: Kind
    margin: float | None = None
    desired: Desired = "increase"
    relative: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"there is no role {self.kind!r}", hint=nearest(str(self.kind), get_args(Kind)))
        if self.desired not in get_args(Desired):
            raise InputError(f"desired is {self.desired!r}", hint="'increase' and 'decrease' are right")
        if self.margin is None:
            return
        if self.kind != "guardrail":
            raise InputError(f"a {self.kind} metric has a margin", hint="only guardrails have one")
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise InputError(
                f"the margin is {self.margin}", hint="give the greatest loss that is tolerated, as a positive number"
            )

    @property
    def sign(self) -> int:
        """1 where more is good, −1 where less is."""
        return 1 if self.desired == "increase" else -1


@dataclass(frozen=True)
class Finding:
    """One thing that speaks against an experiment's data.

    Parameters
    ----------
    kind
        ``"sample ratio"``, ``"units in two variants"``, ``"unit twice"``, ``"unit missing"``,
        ``"exposure before start"``, ``"absent metric"``, ``"missing values"``, ``"covariate"``, ``"outlier"``,
        ``"few units"``, ``"novelty"``, or what a source adds, such as ``"variant missing"``.
    severity
        ``"error"``: no result may be read until it is explained. ``"warning"``: read it with this in mind.
    sentence
        What was found.
    advice
        What to do.
    metric
        The metric it is about, "" when it is about all of them.
    """

    kind: str
    severity: Literal["error", "warning"]
    sentence: str
    advice: str
    metric: str = ""


@dataclass(frozen=True)
class Judgement:
    """What one treatment's metrics say.

    Parameters
    ----------
    treatment
        Its label.
    wins, worse
        Success metrics shown to be better or worse than control.
    inferior
        Guardrails shown to be worse, and not to lose less than their margin.
    unproven
        Guardrails of which neither is shown.
    """

    treatment: Any
    wins: tuple[str, ...]
    worse: tuple[str, ...]
    inferior: tuple[str, ...]
    unproven: tuple[str, ...]

    @property
    def harmful(self) -> bool:
        """Whether something got worse."""
        return bool(self.worse or self.inferior)

    @property
    def ready(self) -> bool:
        """Whether it may be shipped."""
        return bool(self.wins) and not self.harmful and not self.unproven


@dataclass(frozen=True)
class Decision:
    """What to do with an experiment.

    Parameters
    ----------
    verdict
        ``"ship"``, ``"roll back"``, ``"keep going"``, ``"unhealthy"`` or ``"inconclusive"``.
    reason
        Why, in a sentence or two.
    treatment
        The variant to ship, None with any other verdict.
    days_left
        About how many days until the planned units are in; None where that is unknown, or nothing is left.
    judgements
        What each treatment's metrics say; none when the data are unhealthy.
    """

    verdict: Verdict
    reason: str
    treatment: Any = None
    days_left: int | None = None
    judgements: tuple[Judgement, ...] = ()
