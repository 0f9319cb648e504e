"""A schema of PostgreSQL with tables, views and functions of many kinds, and a connection that is watched."""

from __future__ import annotations

import psycopg

from analytics_lib.connectors import open_connection
from analytics_lib.model.connections import ConnectionSpec

OBJECTS = """
create table orders (id integer primary key, day date, amount double precision);
insert into orders select i, date '2026-01-01' + i, i from generate_series(1, 100) i;
create table other as select 1 as x;
create table "odd: % ""name" as select 1 as x;
create view large as select * from orders where amount > 50;
create view larger as select * from large where amount > 90;
create view recent as select * from orders where day > current_date - 7;
create materialized view kept as select * from orders;
create table parts (day date, x integer) partition by range (day);
create table parts_1 partition of parts for values from ('2026-01-01') to ('2026-02-01');
create table parts_2 partition of parts for values from ('2026-02-01') to ('2026-03-01');
create table base (x integer);
create table derived () inherits (base);
create type mood as enum ('sad', 'glad');
create table moods (m mood);
insert into moods values ('glad');
create sequence ids;
create unlogged table quick as select 1 as x;
create function total() returns double precision stable language plpgsql as $$
  begin return (select sum(amount) from orders); end $$;
create function today_of() returns date stable language sql as 'select current_date';
create view totals as select total() as total;
create table guarded as select * from orders;
create table allowed as select 1 as id;
alter table guarded enable row level security;
create policy few on guarded using (id in (select id from allowed));
"""


class Watcher:
    """Keeps what it was told."""

    def __init__(self):
        self.told = []
        self.texts = []

    def query(self, query, values):
        self.texts.append(query)

    def reads(self, connection, reads):
        self.told.append(reads)


class Server:
    """A schema of its own, and a connection that is watched."""

    def __init__(self, url, schema):
        self.schema = schema
        self.url = url
        self.watcher = Watcher()
        self.connection = open_connection(
            ConnectionSpec("shop", f"{url}?options=-csearch_path%3D{schema}"), watcher=self.watcher
        )

    def write(self, script):
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"set search_path = {self.schema}")
            for statement in script if isinstance(script, list) else [script]:
                connection.execute(statement)

    def reads(self, query, **values):
        self.watcher.told.clear()
        self.connection.sql(query, **values)
        (told,) = self.watcher.told
        return told

    def named(self, *tables):
        return frozenset(f"{self.schema}.{table}" for table in tables)

    def fingerprints(self, *tables):
        return self.connection.table_fingerprints(["", *self.named(*tables)])
