from __future__ import annotations

import subprocess
import sys


def test_importing_the_room_loads_nothing_heavy():
    heavy = ("great_expectations", "pandas", "sqlalchemy", "duckdb", "numpy")
    code = f"import sys, analytics_lib.validation; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
