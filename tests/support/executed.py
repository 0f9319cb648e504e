"""A notebook run as a build runs it: what it says, finds and hands over."""

from __future__ import annotations

import json
import os

import nbformat
import pandas as pd
from nbclient import NotebookClient

from analytics_lib.model.handover import JOURNAL, RUN_FOLDER, WORKSPACE


def executed(path, workspace, run, parameters):
    """Run a notebook in an empty folder; return its computed text, its finding and the frames that it handed over."""
    notebook = nbformat.read(path, as_version=4)
    place = next(i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    given = "\n".join(f"{key} = {value!r}" for key, value in parameters.items())
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(given))
    environment = {**os.environ, WORKSPACE: str(workspace), RUN_FOLDER: str(run)}
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(env=environment)
    lines = [json.loads(line) for line in (run / JOURNAL).read_text().splitlines()]
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return {
        "text": "\n".join(each.data["text/markdown"] for each in outputs if "text/markdown" in each.get("data", {})),
        "finding": next(line["finding"] for line in lines if "finding" in line),
        "outputs": {each.stem: pd.read_feather(each) for each in run.glob("*.arrow")},
    }
