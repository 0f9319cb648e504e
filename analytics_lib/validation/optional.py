"""Great Expectations imported without the clients of every cloud that happens to be installed.

It looks for a dozen of them at its import, to know their types. Those of Google and Snowflake take seconds, and start
threads, so that nothing could be forked from a process that has them. Where they are missing it does without, and
takes their databases for SQL as any other.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LEFT_OUT: Final = (
    "azure",
    "boto3",
    "botocore",
    "databricks",
    "google.api_core",
    "google.auth",
    "google.cloud",
    "google.oauth2",
    "pyspark",
    "snowflake",
    "sqlalchemy_bigquery",
)


@contextmanager
def without_clients() -> Iterator[None]:
    """Let clients of clouds seem not to be installed while the block imports, unless they are there already."""
    left_out = [name for name in LEFT_OUT if name not in sys.modules]
    sys.modules.update(dict.fromkeys(left_out))  # type: ignore[arg-type] # None is what the import system knows for that
    try:
        yield
    finally:
        for name in left_out:
            if name in sys.modules and sys.modules[name] is None:
                del sys.modules[name]
