"""The example's trials: two that took place, and two made up so that their effect is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from analytics_lib.example.sources import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

TEXTBOOK: Final = "MIT (package); data published with the article for replication, no licence of its own stated"
MADE_UP: Final = "made up; CC0-1.0"

_EDITION: Final = 1
"""To be raised when other numbers are drawn."""
_COUNTRIES: Final = ("DE", "FR", "SE", "ES")
_PRICE: Final = 3.4
"""Mean logarithm of what an order costs."""


@dataclass(frozen=True)
class Simulation(Source):
    """A table that is drawn by a seeded generator: the same numbers wherever it is built with the same NumPy."""

    draw: Callable[[], pd.DataFrame] | None = None

    @property
    def version(self) -> str:
        """NumPy's version, which decides what its generators draw, and the edition of this module's numbers."""
        return f"{super().version}, edition {_EDITION}"

    def locate(self) -> Path:
        """Return this module: there is no other file."""
        return Path(__file__)

    def as_csv(self, folder: Path) -> Path:
        """Draw the table and write it into `folder`."""
        target = folder / f"{self.table}.csv"
        if self.draw is not None:
            self.draw().to_csv(target, index=False)
        return target


def _people(
    draws: np.random.Generator, n: int, days: int, start: str, shares: dict[str, float]
) -> dict[str, NDArray[np.generic]]:
    """Return who came when and was shown what; Saturdays and Sundays are quiet."""
    first = np.datetime64(start, "D")
    weekdays = (np.arange(days) + first.astype(int) + 3) % 7  # the day number 0 was a Thursday
    crowd = np.where(weekdays >= 5, 0.6, 1.0)  # noqa: PLR2004 - Saturday and Sunday
    day = np.sort(draws.choice(days, n, p=crowd / crowd.sum()))
    return {
        "user_id": 100_000 + draws.permutation(n),
        "variant": draws.choice([*shares], n, p=[*shares.values()]),
        "first_seen": first + day,
        "country": draws.choice(_COUNTRIES, n, p=(0.4, 0.3, 0.2, 0.1)),
        "device": np.where(draws.random(n) < 0.6, "phone", "desktop"),  # noqa: PLR2004 - six of ten
        "appetite": draws.gamma(1.2, 1 / 1.2, n),
    }


def checkout(n: int = 48_000) -> pd.DataFrame:
    """Return a row a user of a trial of 28 days: one step raises orders by 9% on phones, by 2% elsewhere.

    Returns are 6% of users whatever they were shown. Orders of the weeks before explain part of what a user orders.
    """
    import pandas as pd

    draws = np.random.default_rng(20_260_907)
    people = pd.DataFrame(_people(draws, n, 28, "2026-09-07", {"control": 0.5, "one_step": 0.5}))
    gain = np.where(people["device"] == "phone", 0.09, 0.02) * (people["variant"] == "one_step")
    people["orders_before"] = draws.poisson(1.1 * people["appetite"])
    people["orders"] = draws.poisson(0.5 * people["appetite"] * (1 + gain))
    people["sessions"] = 1 + draws.poisson(0.6 + 1.4 * people["appetite"])
    spent = people["orders"] * np.exp(draws.normal(_PRICE, 0.5, n))
    people["revenue"] = spent.round(2)
    people["returned"] = (draws.random(n) < 0.06).astype(int)  # noqa: PLR2004 - six of a hundred
    return people.drop(columns="appetite")


def search_ranking(n: int = 30_000) -> pd.DataFrame:
    """Return a row a user of a trial of 21 days with two treatments, neither of which changes anything.

    From the eighth day on, the variant ``personal`` loses every fourth phone before it is counted, as a redirect that
    takes too long would lose it: those who stay order more, and the variant looks like a winner.
    """
    import pandas as pd

    draws = np.random.default_rng(20_261_005)
    thirds = {"control": 1 / 3, "personal": 1 / 3, "semantic": 1 / 3}
    people = pd.DataFrame(_people(draws, n, 21, "2026-10-05", thirds))
    people["searches"] = 1 + draws.poisson(2.2 * people["appetite"])
    people["clicks"] = draws.binomial(people["searches"], 0.34)
    people["orders"] = draws.poisson(np.where(people["device"] == "phone", 0.3, 0.5) * people["appetite"])
    late = people["first_seen"] >= pd.Timestamp("2026-10-12")
    lost = late & (people["variant"] == "personal") & (people["device"] == "phone") & (draws.random(n) < 0.25)  # noqa: PLR2004
    return people[~lost].drop(columns="appetite")


def _textbook(name: str, file: str, columns: str, select: str) -> Source:
    """Return one of the tables of causaldata."""
    return Source(f"trials.{name}", "causaldata", f"causaldata/{file}", TEXTBOOK, select, (*columns.split(),), "trials")


def _simulated(name: str, draw: Callable[[], pd.DataFrame], columns: str, select: str) -> Source:
    return Simulation(f"trials.{name}", "numpy", "drawn", MADE_UP, select, (*columns.split(),), draw=partial(draw))


TRIALS: Final[tuple[Source, ...]] = (
    _textbook(
        "hiv_results",
        "thornton_hiv/thornton_hiv.dta",
        "villnum got distvct tinc any age hiv2004",
        """
        select row_number() over ()::integer as person, villnum::double::integer as village,
               "any"::double::integer as any_incentive, tinc::double as incentive_dollars,
               distvct::double as distance_km, age::double::integer as age,
               hiv2004::double::integer as hiv, got::double::integer as learned
        from source
        """,
    ),
    _textbook(
        "job_training",
        "nsw_mixtape/nsw_mixtape.dta",
        "data_id treat age educ black hisp marr nodegree re74 re75 re78",
        """
        select row_number() over ()::integer as person, treat::integer as trained, age::integer as age,
               educ::integer as years_of_school, nodegree::integer as without_degree, marr::integer as married,
               re74::double as earned_1974, re75::double as earned_1975, re78::double as earned_1978
        from source
        """,
    ),
    _simulated(
        "checkout",
        checkout,
        "user_id variant first_seen country device orders_before orders sessions revenue returned",
        """
        select user_id::integer as user_id, variant, first_seen::date as first_seen, country, device,
               orders_before::integer as orders_before, orders::integer as orders, sessions::integer as sessions,
               revenue::decimal(10, 2) as revenue, returned::integer as returned
        from source order by first_seen, user_id
        """,
    ),
    _simulated(
        "search_ranking",
        search_ranking,
        "user_id variant first_seen country device searches clicks orders",
        """
        select user_id::integer as user_id, variant, first_seen::date as first_seen, country, device,
               searches::integer as searches, clicks::integer as clicks, orders::integer as orders
        from source order by first_seen, user_id
        """,
    ),
)
"""What the statistics say of each stands in ``docs/data.md``."""
