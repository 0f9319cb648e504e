"""Connections of the kind ``seasons``: a calendar that is there without any server."""

from __future__ import annotations

import sqlalchemy as sa

from analytics_lib.connectors import Warehouse

SEASONS = ("spring", "summer", "autumn", "winter")


class Seasons(Warehouse):
    """Four rows; ``seasons://south`` begins with autumn."""

    def engine(self, url, *, read_only):
        """Return an engine of SQLite's memory that holds the table ``seasons``."""
        engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        names = SEASONS[2:] + SEASONS[:2] if url.host == "south" else SEASONS
        with engine.begin() as connection:
            connection.exec_driver_sql("create table seasons (number integer, name text)")
            connection.exec_driver_sql("insert into seasons values (?, ?)", list(enumerate(names, start=1)))
        return engine
