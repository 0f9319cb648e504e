"""A workspace of four small pages that are quick to render: their notebook reads a CSV and loads no library of data."""

from __future__ import annotations

from support.shop import make_shop

REGIONS = ("east", "north", "south", "west")

REPORT = """\
title: "Orders of the {region}"
notebook: notebooks/orders.ipynb
for_each: {region: [east, north, south, west]}
"""

CHECKS = """\
checks:
  - {suite: orders, connection: warehouse, table: orders}
"""

CELLS = (
    'region: str = "north"  # which region',
    """\
import csv

import analytics_lib as al

with open("../data/orders.csv") as file:
    rows = [row for row in csv.DictReader(file) if row["region"] == region]""",
    """al.finding(f"edition {rows[0]['edition']} for the {region}")""",
)


def make_regions(root, *, checks=False, regions=REGIONS):
    """Make the workspace at `root` with the first edition of its data; nothing is published yet."""
    report = REPORT.replace("[east, north, south, west]", f"[{', '.join(regions)}]")
    shop = make_shop(root, report=report + (CHECKS if checks else ""), cells=CELLS)
    if checks:
        shop.suite(("expect_column_values_to_not_be_null", {"column": "amount"}))
    shop.write("analytics.toml", (root / "analytics.toml").read_text(encoding="utf-8") + "\n[rendering]\njobs = 2\n")
    write_edition(shop, 1)
    return shop


def write_edition(shop, number):
    """Change the data, so that every page must be rendered anew."""
    rows = "".join(f"{region},{number}\n" for region in REGIONS)
    aside = shop.write("data/orders.csv.new", f"region,edition\n{rows}")
    aside.replace(shop.root / "data/orders.csv")


def editions(shop, regions=REGIONS):
    """Region → the edition that its page on the site shows."""
    texts = {region: shop.page(f"orders/{region}.html") for region in regions}
    return {region: int(text.split("edition ")[1].split(" ")[0]) for region, text in texts.items()}
