"""Tables of the state database."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Date, DateTime, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# A version is one rendering of one page, kept whole in a folder of its own. Rows are written once and never changed.
versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("report", String(200), nullable=False),
    Column("page", String(200), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", String(64), nullable=False),
    Column("base_key", String(64), nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("badge", String(20), nullable=False),
    Column("folder", Text, nullable=False),
    Column("rendered_at", DateTime, nullable=False),
    Column("seconds", Float, nullable=False),
    Index("ix_versions_page", "report", "page", "number"),
)

# What the site shows for each page; the site's files are a projection of this table.
pages = Table(
    "pages",
    metadata,
    Column("report", String(200), primary_key=True),
    Column("page", String(200), primary_key=True),
    Column("version", Integer, ForeignKey("versions.id"), nullable=True),
    Column("stale_since", DateTime, nullable=True),
    Column("stale_kind", String(20), nullable=True),
    Column("stale_reason", Text, nullable=True),
    # Set by a rollback: the version that was taken down stays down until its inputs change.
    Column("refused_key", String(64), nullable=True),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("report", String(200), nullable=False),
    Column("page", String(200), nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("status", String(20), nullable=False),
    Column("reason", Text, nullable=True),
    Column("version", Integer, nullable=True),
    Column("started_at", DateTime, nullable=False),
    Column("seconds", Float, nullable=False),
    Index("ix_runs_page", "report", "page", "started_at"),
)

# An experiment as it was registered, and where it stands in its life: draft, running, stopped, decided.
experiments = Table(
    "experiments",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("definition", JSON, nullable=False),
    Column("title", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("start", Date, nullable=False),
    Column("end", Date, nullable=False),
    Column("status", String(20), nullable=False),
    Column("decision", Text, nullable=True),
    Column("registered_at", DateTime, nullable=False),
)

# Each step of its life; rows are written once and never changed.
experiment_steps = Table(
    "experiment_steps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("experiment", String(200), ForeignKey("experiments.name"), nullable=False),
    Column("at", DateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("before", String(20), nullable=True),
    Column("after", String(20), nullable=False),
    Column("decision", Text, nullable=True),
    Index("ix_experiment_steps_experiment", "experiment", "id"),
)

# What was seen at each look: moments and results, so that history can be drawn and computed anew.
experiment_looks = Table(
    "experiment_looks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("experiment", String(200), ForeignKey("experiments.name"), nullable=False),
    Column("at", DateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("verdict", String(20), nullable=True),
    Column("data", JSON, nullable=False),
    Index("ix_experiment_looks_experiment", "experiment", "id"),
)

# Each load of a source, whatever became of it; rows are written once and never changed. Columns and mark of the newest
# one that was loaded are what the next load goes on from.
loads = Table(
    "loads",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String(200), nullable=False),
    Column("load", String(32), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("reason", Text, nullable=True),
    Column("target", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("updated", Integer, nullable=True),
    Column("quarantined", Integer, nullable=False),
    Column("total", Integer, nullable=True),
    Column("waiting", Integer, nullable=True),
    Column("mark", JSON, nullable=True),
    Column("columns", JSON, nullable=False),
    Column("drift", JSON, nullable=False),
    Column("started_at", DateTime, nullable=False),
    Column("seconds", Float, nullable=False),
    Index("ix_loads_source", "source", "id"),
)
