"""Write an executed notebook into its run's folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

EXECUTED_NAME: Final = "notebook.ipynb"


def save(notebook: NotebookNode | None, folder: Path) -> None:
    """Write the notebook, whole or not at all; without one nothing is written."""
    if notebook is None:
        return
    from nbformat.v4.nbjson import BytesEncoder

    # Without indents, which nbformat would write, the encoder is the one in C, and ten times as fast.
    text = json.dumps(notebook, cls=BytesEncoder, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    aside = folder / f"{EXECUTED_NAME}.part"
    aside.write_text(text, encoding="utf-8")
    aside.replace(folder / EXECUTED_NAME)
