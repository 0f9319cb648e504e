"""Great Expectations is imported without the clients of clouds, which start threads."""

from __future__ import annotations

import subprocess
import sys

import pytest

from analytics_lib.validation.optional import LEFT_OUT, without_clients

IMPORTS = """
import sys
import analytics_lib.validation.frames
import analytics_lib.validation.tables
print(sorted({name.partition(".")[0] for name in sys.modules} & {"snowflake", "sqlalchemy_bigquery"}))
import snowflake
print(snowflake.PLACE)
"""


def test_they_are_imported_by_whoever_wants_them_and_not_by_checks(tmp_path):
    for name in ("snowflake", "sqlalchemy_bigquery"):
        (tmp_path / f"{name}.py").write_text("PLACE = 'here'\n", encoding="utf-8")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{IMPORTS}"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["[]", "here"]


def test_what_is_imported_already_stays(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", sys)
    monkeypatch.delitem(sys.modules, "pyspark", raising=False)
    with pytest.raises(ModuleNotFoundError), without_clients():
        assert sys.modules["boto3"] is sys
        import pyspark  # noqa: F401
    assert sys.modules["boto3"] is sys
    assert not [name for name in LEFT_OUT if name in sys.modules and sys.modules[name] is None]
