"""An app's notebook, run cell by cell in a kernel of its own; each cell is handed on as it finishes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbformat import from_dict
from papermill.parameterize import parameterize_notebook
from voila.execute import VoilaExecutor

from analytics_lib.server.apps.faults import stopped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

    from analytics_lib.model.parameters import Value
    from analytics_lib.rendering.channels import PromptKernelClient
    from analytics_lib.workspace.notebooks import NotebookFile

DEFAULT_TIMEOUT = 600
"""Seconds a cell may take where no report file says so."""


def with_parameters(file: NotebookFile, values: Mapping[str, Value], kernel_name: str) -> NotebookNode:
    """Return the notebook without outputs, its parameters set by a cell behind the one that declares them.

    The cell is Papermill's own: each value is written as a Python literal.
    """
    notebook: NotebookNode = from_dict(json.loads(file.path.read_text(encoding="utf-8")))
    notebook.metadata.papermill = {}  # Papermill notes the parameters here
    for cell in notebook.cells:
        cell.metadata.setdefault("tags", [])  # Papermill looks for its tag in every cell
        if isinstance(cell.source, list):
            cell.source = "".join(cell.source)
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    if not values:
        return notebook
    given: NotebookNode = parameterize_notebook(notebook, dict(values), kernel_name=kernel_name, language="python")
    return given


class AppExecutor(VoilaExecutor):  # type: ignore[misc] # voila ships no types
    """Voila's executor, in a kernel that is ready already.

    Stock Voila makes its executor wait for the kernel, and then for a fifth of a second of silence.

    Parameters
    ----------
    notebook
        The notebook; its cells are filled as they run.
    manager, client
        The kernel's manager, and a client whose channels are open.
    timeout
        Seconds a cell may take.
    """

    def __init__(
        self, notebook: NotebookNode, manager: AsyncKernelManager, client: PromptKernelClient, timeout: int
    ) -> None:
        super().__init__(notebook, km=manager, timeout=timeout)
        self.kc = client
        self.kc.allow_stdin = False

    async def cells(self, shown: str) -> AsyncIterator[tuple[int, Mapping[str, Any]]]:
        """Run the notebook; yield each cell's index and the cell, once it has run.

        Raises
        ------
        RenderError
            A cell raised, left, or took too long, or the kernel died; what the cell had shown until then is yielded
            before.
        """
        for index, cell in enumerate(self.nb.cells):
            try:
                await self.async_execute_cell(cell, index, store_history=False)
            except Exception as error:
                yield index, cell
                raise stopped(error, self.nb.cells, index, shown) from error
            yield index, cell

    async def settle(self) -> None:
        """Wait until the kernel has taken in what it was sent: outputs that widgets show."""
        if self.widget_state:
            await self.async_wait_for_reply(self.kc.kernel_info())
