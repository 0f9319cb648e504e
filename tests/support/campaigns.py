"""What the example's page on campaigns says, computed a second time: pandas on what is loaded, before it is loaded."""

from __future__ import annotations

from functools import cache
from importlib.metadata import distribution

import pandas as pd

from analytics_lib.example.campaigns import list_customers, list_days

CODE = r"SN-\d{3}"


@cache
def orders():
    """The orders as their package has them: a row a customer and day."""
    path = distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")
    lines = pd.read_csv(path, sep=r"\s+")
    lines["day"] = pd.to_datetime(lines.date.astype(str), format="%Y%m%d")
    found = lines.groupby(["customer_id", "day"], as_index=False).dollar_value.sum()
    found["first"] = found.groupby("customer_id").day.transform("min")
    found["age"] = (found.day - found["first"]).dt.days
    return found


@cache
def crm():
    """The customer list without its broken rows."""
    rows = pd.DataFrame(list_customers())
    good = rows.customer_id.notna() & rows.signed_up.map(lambda value: not isinstance(value, str))
    good &= rows.campaign_id.isna() | rows.campaign_id.str.fullmatch(CODE)
    return rows[good].astype({"customer_id": int})


def came_back(within):
    """Return for each customer whether a second order came within so many days."""
    found = orders()
    again = found[found.age.between(1, within)].customer_id
    customers = found.customer_id.unique()
    return pd.Series(pd.Index(customers).isin(again), index=customers)


def table(within, as_of):
    """Return a row a campaign, by its code: customers watched for long enough, who came back, paid and cost."""
    last = pd.Timestamp(as_of) - pd.Timedelta(days=within)
    own = orders().merge(crm(), on="customer_id")
    own = own[(own["first"] <= last) & (own.age <= within)].assign(campaign_id=own.campaign_id.fillna(""))
    found = own.groupby("campaign_id").agg(customers=("customer_id", "nunique"), paid=("dollar_value", "sum"))
    back = own[own.age > 0].groupby("campaign_id").customer_id.nunique()
    found["returning"] = back.reindex(found.index, fill_value=0)
    days = pd.DataFrame(list_days()).astype({"spend": float})
    days = days[pd.to_datetime(days.date_start) <= last]
    found["spend"] = days.groupby("campaign_id").spend.sum()
    found["name"] = days.groupby("campaign_id").campaign_name.first()
    return found
