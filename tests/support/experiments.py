"""A small experiment with a known effect: its file, its rows, a workspace that holds both."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import yaml

from analytics_lib.workspace import load_workspace


def checkout(**changes):
    """Return the keys of an experiment file; a key set to None is left out."""
    keys = {
        "owner": "growth@example.com",
        "hypothesis": "Fewer steps lead to more orders.",
        "start": "2026-03-01",
        "end": "2026-03-14",
        "variants": {"control": 1, "one_step": 1},
        "control": "control",
        "unit": "user_id",
        "connection": "warehouse",
        "units": "select * from trial",
        "metrics": {"orders": {"kind": "mean", "role": "success"}},
    }
    return {key: value for key, value in (keys | changes).items() if value is not None}


def visitors(units=2000, effect=0.4, seed=5):
    """Return a row a unit: orders with an effect, a covariate, a share, sessions, days, a segment."""
    rng = np.random.default_rng(seed)
    treated = np.arange(units) % 2 == 1
    before = rng.poisson(3, units)
    return pd.DataFrame(
        {
            "user_id": np.arange(units),
            "variant": np.where(treated, "one_step", "control"),
            "day": pd.Timestamp("2026-03-01") + pd.to_timedelta(np.arange(units) // 2 % 14, unit="D"),
            "country": np.where(np.arange(units) % 3 == 0, "DE", "FR"),
            "before": before,
            "orders": before + rng.poisson(2 + effect * treated),
            "returned": (rng.random(units) < 0.1).astype(int),
            "sessions": rng.integers(1, 6, units),
            "name": "text",
        }
    )


def make_laboratory(folder, frame=None):
    """Return a workspace whose warehouse holds the visitors as table ``trial``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "analytics.toml").write_text('[connections.warehouse]\nurl = "duckdb:///warehouse.duckdb"\n')
    load(folder, visitors() if frame is None else frame)
    return load_workspace(folder)


def load(folder, frame, name="trial"):
    """Put a frame into the warehouse."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.register("given", frame)
        connection.execute(f"create or replace table {name} as select * from given")


def write(folder, name="checkout", **changes):
    """Write an experiment file."""
    path = folder / f"experiments/{name}.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(checkout(**changes), sort_keys=False), encoding="utf-8")
    return path
