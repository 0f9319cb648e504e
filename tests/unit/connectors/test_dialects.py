"""What is sent to engines that no test can reach: statements as each dialect writes them, as they were read.

A file under tests/snapshot/dialects is what a dialect makes of a statement. Where one changes on purpose, remove the
file and run the test once: it writes what it finds, and fails.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from support.servers import absent

from analytics_lib.connectors.moments.grouping import Source
from analytics_lib.connectors.moments.kinds import NUMBER, OTHER
from analytics_lib.connectors.moments.statements import PLAIN, statement
from analytics_lib.connectors.statements.binding import bind, inner
from analytics_lib.model.aggregation import MomentRequest

FOLDER = Path(__file__).parents[2] / "snapshot" / "dialects"
URLS = {
    "bigquery": "bigquery://project/set", "databricks": "databricks://token:x@host?http_path=p&catalog=c&schema=s",
    "mssql": "mssql+pymssql://host/db", "redshift": "redshift+psycopg2://host/db", "snowflake": "snowflake://account/db",
    "trino": "trino://host/catalog",
}  # fmt: skip
QUERY = "select * from shop.orders where day >= :day and channel in :channels -- what people write"
VALUES = {"day": "2026-01-01", "channels": ["web", "shop"]}


def dialect(name):
    """Return a dialect; without its package the test is skipped, or fails where nothing may be absent."""
    try:
        return sa.make_url(URLS[name]).get_dialect()()
    except (ImportError, sa.exc.NoSuchModuleError, AttributeError, TypeError) as error:
        absent(f"the dialect of {name} cannot be used: {str(error).splitlines()[0]}; pip install 'analytics-lib[dev]'")


def require_same(name, asked, text):
    path = FOLDER / name / f"{asked}.sql"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} of {name} was not there: it is written now, read it")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", URLS)
def test_a_read_with_values_and_a_limit(name):
    rows = bind(inner(QUERY), VALUES, "shop").columns().subquery("said")
    read = sa.select(sa.text("*")).select_from(rows).limit(10)
    compiled = read.compile(dialect=dialect(name), compile_kwargs={"render_postcompile": True})
    text = str(compiled)
    assert "2026-01-01" not in text, "a value is part of the statement"
    assert "web" not in text
    assert {"2026-01-01", "web", "shop"} <= set(map(str, compiled.construct_params().values()))
    require_same(name, "read", text + "\n")


@pytest.mark.parametrize("name", [name for name in URLS if name != "mssql"])
def test_moments(name):
    """SQL Server has neither VAR_SAMP nor COVAR_SAMP by these names: no moments; Redshift has no COVAR_SAMP."""
    kinds = {"variant": OTHER, "orders": NUMBER, "before": NUMBER, "country": OTHER}
    source = Source(sa.table("trial", schema="lab"), kinds, name, True, "lab.trial")
    pairs = () if name == "redshift" else (("orders", "before"),)
    request = MomentRequest("variant", ("orders", "before"), pairs, segments=("country",))
    written = statement(source, request, PLAIN)
    text = str(written.compile(dialect=dialect(name), compile_kwargs={"literal_binds": True}))
    assert ("covar_samp" in text.lower()) is bool(pairs)
    require_same(name, "moments", text + "\n")
