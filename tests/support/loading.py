"""A workspace with one source, a local service behind it, and a warehouse of any engine."""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa

from analytics_lib.pipeline import Silent
from analytics_lib.pipeline.loading import LoadRequest, load_source_rows, source_states
from analytics_lib.workspace import load_workspace

CRM = """\
title: Contacts
owner: sales@example.com
rest:
  base: ADDRESS
  path: /contacts
  records: data.items
  page: {cursor: {param: after, next: paging.next.after}}
  retries: 0
into:
  connection: warehouse
  table: contacts
  key: id
  mode: upsert
"""
INCREMENTAL = "  incremental: {field: updated_at, param: updated_since}\n"


def contacts(count, *, first=1, day=1):
    """Return rows as a CRM would give them."""
    return [
        {
            "id": number,
            "name": f"n{number}",
            "score": number * 10,
            "updated_at": f"2026-03-{day:02d}T00:00:{number:02d}Z",
        }
        for number in range(first, first + count)
    ]


@dataclass
class Depot:
    """The workspace."""

    root: object
    url: str
    api: object

    def source(self, text=CRM, name="crm"):
        path = self.root / f"sources/{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("ADDRESS", self.api.address), encoding="utf-8")

    def suite(self, *expectations, name="crm"):
        listed = [{"type": kind, "kwargs": kwargs, "meta": {"quarantine": row}} for kind, kwargs, row in expectations]
        path = self.root / f"expectations/{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"name": name, "expectations": listed}), encoding="utf-8")

    @property
    def workspace(self):
        return load_workspace(self.root)

    def load(self, name="crm", **request):
        self.progress = Silent()
        return load_source_rows(self.workspace, name, LoadRequest(**request), self.progress)

    def state(self, name="crm"):
        return next(state for state in source_states(self.workspace) if state.name == name)

    def sql(self, query):
        return self.answers(query)[0]

    def answers(self, *queries):
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        try:
            with engine.begin() as connection:
                results = [connection.exec_driver_sql(query) for query in queries]
                return [[tuple(row) for row in result] if result.returns_rows else None for result in results]
        finally:
            engine.dispose()

    def rows(self, what="id, name", table="contacts"):
        return self.sql(f"select {what} from {table} order by 1")

    def tables(self):
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        names = sa.inspect(engine).get_table_names()
        engine.dispose()
        return sorted(names)


def make_depot(root, api, url=None):
    """Make the workspace; its warehouse is a DuckDB file by default."""
    root.mkdir(parents=True, exist_ok=True)
    url = url or f"duckdb:///{root}/warehouse.duckdb"
    text = f'[connections.warehouse]\nurl = "{url}"\nread_only = false\n'
    (root / "analytics.toml").write_text(text, encoding="utf-8")
    depot = Depot(root, url, api)
    depot.source()
    return depot
