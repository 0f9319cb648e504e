"""The second peer of the fan-out: one process that loops over `papermill.execute_notebook` and `HTMLExporter`.

    python benchmarks/fan_out_loop.py NOTEBOOK FOLDER SETS

prints the seconds that SETS pages took, after the imports and a first page that is not counted.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

from nbconvert import HTMLExporter
from papermill import execute_notebook


def make(notebook: Path, folder: Path, number: int, exporter: HTMLExporter) -> None:
    """Run the notebook with one parameter set and write its page."""
    executed = execute_notebook(
        notebook, folder / f"{number}.ipynb", {"number": number}, progress_bar=False, cwd=notebook.parent
    )
    page, _ = exporter.from_notebook_node(executed)
    (folder / f"{number}.html").write_text(page, encoding="utf-8")


def main() -> None:
    notebook, folder, sets = Path(sys.argv[1]).absolute(), Path(sys.argv[2]), int(sys.argv[3])
    logging.getLogger("papermill").setLevel(logging.ERROR)
    exporter = HTMLExporter()
    make(notebook, folder, 0, exporter)
    begun = time.perf_counter()
    for number in range(1, sets + 1):
        make(notebook, folder, number, exporter)
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    main()
