"""Advertising campaigns and a customer list that are made up around real orders, so that the truth is known.

Who ordered, when, and for how much is CDNOW's data. Which campaign had won a customer is drawn, and leans to those who
came back as much as the campaign's `Campaign.back` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.example.sources import SOURCES, Source
from analytics_lib.example.trials import MADE_UP

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_EDITION: Final = 1
"""To be raised when other numbers are drawn."""
WITHIN: Final = 90
"""Days after the first order within which a customer has to come back, as the campaigns are drawn."""
FIRST_DAY: Final = "1997-01-01"
_SEED: Final = 19_970_101
_SEGMENTS: Final = {"listener": 0.55, "collector": 0.25, "gifts": 0.2}
_LATE: Final = (0.7, 0.12, 0.08, 0.06, 0.04)
"""Chances that somebody signed up so many days before the first order."""
_BROKEN: Final[Mapping[int, tuple[str, str | None]]] = {
    4_242: ("signed_up", "31.02.1997"), 11_103: ("customer_id", None), 19_001: ("campaign_id", "TV spot?"),
}  # fmt: skip
"""Row of the list → what was typed wrongly into it."""


@dataclass(frozen=True)
class Loaded(Source):
    """A table that `analytics load` brings into the warehouse, from a source that is made up."""

    @property
    def version(self) -> str:
        """NumPy's version, which decides what its generators draw, and the edition of this module's numbers."""
        return f"{super().version}, edition {_EDITION}"


@dataclass(frozen=True)
class Campaign:
    """A campaign of the social network.

    Parameters
    ----------
    code, name, placement
        What the network calls it, and where its advertisements are shown.
    start, end
        Its first and last day.
    share
        Share of the customers of these days that it has won.
    back
        Share of them that came back within `WITHIN` days; drawn, so that the list holds it but for chance.
    cost
        US dollars a customer.
    """

    code: str
    name: str
    placement: str
    start: str
    end: str
    share: float
    back: float
    cost: float


CAMPAIGNS: Final = (
    Campaign("SN-101", "Free shipping", "feed", "1997-01-13", "1997-02-09", 0.16, 0.21, 5.20),
    Campaign("SN-102", "Jazz classics", "video", "1997-01-06", "1997-03-16", 0.07, 0.40, 7.90),
    Campaign("SN-103", "New releases", "feed", "1997-01-01", "1997-03-25", 0.12, 0.30, 9.60),
    Campaign("SN-104", "Valentine mix", "stories", "1997-01-27", "1997-02-14", 0.12, 0.24, 8.40),
    Campaign("SN-105", "Grammy night", "video", "1997-02-17", "1997-03-09", 0.10, 0.31, 11.80),
    Campaign("SN-106", "Student rate", "stories", "1997-01-20", "1997-03-25", 0.06, 0.26, 6.90),
    Campaign("SN-107", "Opera box sets", "feed", "1997-03-03", "1997-03-25", 0.006, 0.50, 22.00),
)
"""SN-101 has the cheapest customers, SN-102 the cheapest who come back; SN-107 is too small to tell."""


@cache
def _won() -> pd.DataFrame:
    """Return a row a customer: the day of the first order and of signing up, and the campaign said to have won them."""
    import numpy as np
    import pandas as pd

    orders = next(source for source in SOURCES if source.table == "shop.order_lines")
    lines = pd.read_csv(orders.locate(), sep=r"\s+", usecols=["customer_id", "date"])
    lines["day"] = pd.to_datetime(lines["date"].astype(str), format="%Y%m%d")
    days = lines.groupby("customer_id")["day"]
    first = days.min()
    age = (lines["day"] - lines["customer_id"].map(first)).dt.days
    back = lines[age.between(1, WITHIN)].groupby("customer_id").size().reindex(first.index, fill_value=0) > 0
    usual = back.mean()

    draws = np.random.default_rng(_SEED)
    # The chance to be a campaign's customer, given whether somebody came back: Bayes' rule.
    chances = np.stack(
        [
            np.where(first.between(each.start, each.end), each.share, 0.0)
            * np.where(back, each.back / usual, (1 - each.back) / (1 - usual))
            for each in CAMPAIGNS
        ]
    )
    place = (draws.random(len(first)) > chances.cumsum(axis=0)).sum(axis=0)  # behind the last: by themselves
    codes = np.array([*(each.code for each in CAMPAIGNS), ""], dtype=object)
    starts = pd.to_datetime([*(each.start for each in CAMPAIGNS), FIRST_DAY]).to_numpy()
    early = pd.to_timedelta(draws.choice(len(_LATE), len(first), p=_LATE), unit="D")
    signed_up = np.maximum((first - early).to_numpy(), starts[place])
    return pd.DataFrame(
        {
            "customer_id": first.index,
            "first_order": first.to_numpy(),
            "signed_up": signed_up,
            "campaign_id": codes[place],
            "segment": draws.choice([*_SEGMENTS], len(first), p=[*_SEGMENTS.values()]),
        }
    )


def list_customers() -> list[dict[str, Any]]:
    """Return the rows of the customer list as the CRM exports it, broken ones among them."""
    won = _won().sort_values(["signed_up", "customer_id"])
    rows = [
        {"customer_id": number, "signed_up": day.date(), "campaign_id": code or None, "segment": segment}
        for number, day, code, segment in zip(
            won["customer_id"].tolist(), won["signed_up"], won["campaign_id"], won["segment"], strict=True
        )
    ]
    for place, (column, value) in _BROKEN.items():
        rows[place][column] = value
    return rows


def list_days() -> list[dict[str, str]]:
    """Return what each campaign spent and reached day by day, as the network's service tells it: numbers as text."""
    import numpy as np
    import pandas as pd

    won = _won()
    draws = np.random.default_rng(_SEED + 1)
    rows = []
    for campaign in CAMPAIGNS:
        days = pd.date_range(campaign.start, campaign.end)
        budget = campaign.cost * (won["campaign_id"] == campaign.code).sum()
        parts = draws.gamma(30.0, size=len(days))
        for day, spend in zip(days, budget * parts / parts.sum(), strict=True):
            clicks = draws.poisson(spend / 0.45)
            rows.append(
                {
                    "campaign_id": campaign.code,
                    "campaign_name": campaign.name,
                    "placement": campaign.placement,
                    "date_start": f"{day:%Y-%m-%d}",
                    "spend": f"{spend:.2f}",
                    "impressions": str(clicks + draws.poisson(85 * clicks)),
                    "clicks": str(clicks),
                }
            )
    return sorted(rows, key=lambda row: (row["date_start"], row["campaign_id"]))


LOADS: Final[Mapping[str, Loaded]] = {
    name: Loaded(table, "numpy", f"sources/{name}.yml", MADE_UP, f"analytics load {name}", ())
    for name, table in (("campaigns", "ads.campaign_days"), ("crm", "crm.customers"))
}
"""Source → the table that it lands in; what is loaded once stays until it would be drawn otherwise."""
