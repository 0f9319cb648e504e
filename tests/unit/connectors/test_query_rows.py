"""Rows of queries."""

from __future__ import annotations

import pytest

from analytics_lib.connectors import open_connection
from analytics_lib.connectors.landing import queries
from analytics_lib.errors import ReadOnlyError, SourceError
from analytics_lib.model.connections import ConnectionSpec


def test_a_query(tmp_path, monkeypatch):
    monkeypatch.setattr(queries, "BATCH", 2)
    with open_connection(ConnectionSpec("shop", f"sqlite:///{tmp_path}/x.db", read_only=False)) as shop:
        shop.execute("create table t as select 1 as id union select 2 union select 3")
        taken = []
        queries.query_rows(shop, "select id from t where id >= :since -- all", {"since": 1}, taken.append)
        assert taken == [[{"id": 1}, {"id": 2}], [{"id": 3}]]
        with pytest.raises(ReadOnlyError):
            queries.query_rows(shop, "delete from t", {}, taken.append)
        with pytest.raises(SourceError, match="the query has two columns 'id'"):
            queries.query_rows(shop, "select id, id from t", {}, taken.append)
