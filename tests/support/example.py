"""The example's workspace, for tests that open it."""

from __future__ import annotations

import shutil

from analytics_lib.example.register import register_trials
from analytics_lib.example.warehouse import build_warehouse
from analytics_lib.example.workspace import WAREHOUSE, copy_example
from analytics_lib.workspace import load_workspace


def copied_example(root, folder):
    """Copy the example into an empty folder and register its experiments.

    Its warehouse is the repository's where that is built already.
    """
    copy_example(folder)
    (folder / "data").mkdir()
    if (root / WAREHOUSE).is_file():
        shutil.copyfile(root / WAREHOUSE, folder / WAREHOUSE)
    else:
        build_warehouse(folder / WAREHOUSE)
    register_trials(load_workspace(folder), lambda _: None)
    return folder
