"""An empty workspace to try things in, and notebooks written on the spot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from analytics_lib.pipeline import BuildRequest, Silent, build
from analytics_lib.workspace import load_workspace


def write_notebook(path, *cells, parameters="", tags=("parameters",)):
    """Write a notebook: its parameters cell (None for none), then its cells; ``# `` begins one of Markdown."""
    first = [] if parameters is None else [new_code_cell(parameters, metadata={"tags": list(tags)})]
    rest = [new_markdown_cell(text) if text.startswith("# ") else new_code_cell(text) for text in cells]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[*first, *rest]), path)
    return path


@dataclass
class Bench:
    """A workspace; everything runs in this process, kernels apart."""

    root: Path

    def write(self, name, text):
        """Write a file of the workspace."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def notebook(self, name, *cells, parameters=""):
        """Write the notebook of a report."""
        return write_notebook(self.root / f"notebooks/{name}.ipynb", *cells, parameters=parameters)

    def report(self, name, **keys):
        """Write a report file that names the notebook of the same name."""
        content = {"title": name.capitalize(), "notebook": f"notebooks/{name}.ipynb", **keys}
        return self.write(f"reports/{name}.yml", yaml.safe_dump(content, sort_keys=False))

    def load(self):
        """Return the workspace as it stands now."""
        return load_workspace(self.root)

    def build(self, *reports, **request):
        """Build in this process."""
        return build(self.load(), BuildRequest(tuple(reports), **request), Silent())

    def statuses(self, *reports, **request):
        """Build and return what became of each page."""
        return {f"{page.report}/{page.page}": page.status for page in self.build(*reports, **request).pages}

    def page(self, address):
        """Return the text of a page of the site."""
        return (self.root / "site" / address).read_text(encoding="utf-8")


def make_bench(root):
    """Make a workspace without connections and reports."""
    bench = Bench(root)
    bench.write("analytics.toml", '[site]\ntitle = "Tried"\n')
    return bench
