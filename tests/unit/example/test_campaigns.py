"""What is made up around the example's orders: the same each time, and true to what it was drawn from."""

from __future__ import annotations

import pandas as pd
import pytest
from support.campaigns import came_back, crm, orders

from analytics_lib.example import campaigns
from analytics_lib.example.campaigns import CAMPAIGNS, WITHIN, list_customers, list_days


def test_the_same_is_drawn_each_time():
    before = list_customers(), list_days()
    campaigns._won.cache_clear()
    assert (list_customers(), list_days()) == before


def test_every_customer_stands_in_the_list_once_but_for_what_was_typed_wrongly():
    rows = pd.DataFrame(list_customers())
    assert rows.customer_id.isna().sum() == 1
    assert rows.customer_id.dropna().is_unique
    assert set(rows.customer_id.dropna()) < set(orders().customer_id)
    assert len(rows) == orders().customer_id.nunique() == 23_570
    assert [value for value in rows.signed_up if isinstance(value, str)] == ["31.02.1997"]
    assert set(rows.campaign_id.dropna()) == {each.code for each in CAMPAIGNS} | {"TV spot?"}


@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=lambda each: each.code)
def test_a_campaign_wins_whom_it_says(campaign):
    own = crm()[crm().campaign_id == campaign.code]
    first = orders().groupby("customer_id").day.min().loc[own.customer_id]
    assert first.between(campaign.start, campaign.end).all()
    assert pd.to_datetime(own.signed_up).between(campaign.start, campaign.end).all()
    assert (pd.to_datetime(own.signed_up).to_numpy() <= first.to_numpy()).all()
    back = came_back(WITHIN).loc[own.customer_id].mean()
    chance = (campaign.back * (1 - campaign.back) / len(own)) ** 0.5
    assert abs(back - campaign.back) < 3 * chance


def test_days_add_up_to_what_a_customer_costs():
    days = pd.DataFrame(list_days())
    assert not days.duplicated(["campaign_id", "date_start"]).any()
    assert all(isinstance(value, str) for value in days.iloc[0])
    won = crm().campaign_id.value_counts()
    spend = days.astype({"spend": float}).groupby("campaign_id").spend.sum()
    for campaign in CAMPAIGNS:
        own = days[days.campaign_id == campaign.code]
        assert (own.date_start.min(), own.date_start.max()) == (campaign.start, campaign.end)
        assert spend[campaign.code] / won[campaign.code] == pytest.approx(campaign.cost, rel=2e-3)
    assert (days.impressions.astype(int) >= days.clicks.astype(int)).all()
