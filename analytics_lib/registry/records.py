"""What the register of experiments holds: experiments, the steps of their lives, the looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


@dataclass(frozen=True)
class NewExperiment:
    """An experiment that has passed all checks and is about to be registered.

    Parameters
    ----------
    name
        Its name.
    definition
        All keys of its file as plain JSON.
    title, owner, tags, start, end
        Those of them that lists are searched by.
    """

    name: str
    definition: Mapping[str, Any]
    title: str
    owner: str
    tags: tuple[str, ...]
    start: date
    end: date


@dataclass(frozen=True, kw_only=True)
class StoredExperiment(NewExperiment):
    """An experiment as the state database holds it."""

    status: str
    decision: str | None
    registered_at: datetime


@dataclass(frozen=True)
class Step:
    """One step of an experiment's life: who took it, when, why, from where to where; and how it was decided."""

    who: str
    at: datetime
    why: str
    before: str | None
    after: str
    decision: str | None = None


@dataclass(frozen=True)
class Look:
    """What was seen at one look: `data` holds moments and results as plain JSON."""

    who: str
    at: datetime
    verdict: str | None
    data: Mapping[str, Any]
