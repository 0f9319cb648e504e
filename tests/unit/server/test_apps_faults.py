from __future__ import annotations

import pytest
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell

from analytics_lib.errors import CellExited, CellFailed, CellTimedOut, KernelDied
from analytics_lib.server.apps.faults import stopped

CELLS = [
    new_markdown_cell("# Title"),
    new_code_cell("a = 1", metadata={"tags": ["parameters"]}),
    new_code_cell("a = 2", metadata={"tags": ["injected-parameters"]}),
    new_code_cell("1 / 0"),
]


def said(error):
    return stopped(error, CELLS, 3, "notebooks/apps/x.ipynb")


def test_the_cell_is_named_as_the_analyst_counts():
    raised = CellExecutionError("Cell In[4], line 7\n\x1b[31mZeroDivisionError\x1b[0m", "ZeroDivisionError", "by zero")
    error = said(raised)
    assert isinstance(error, CellFailed)
    assert str(error) == "notebooks/apps/x.ipynb cell 3, line 7: the cell raised ZeroDivisionError: by zero"


@pytest.mark.parametrize(
    ("raised", "kind", "sentence"),
    [
        (CellExecutionError("", "SyntaxError", "invalid syntax (2.py, line 3)"), CellFailed,
         "cell 3, line 3: the cell is not Python: invalid syntax"),
        (CellExecutionError("", "SystemExit", "2"), CellExited, "cell 3: the cell called sys.exit(2)"),
        (CellExecutionError("", "ValueError", ""), CellFailed, "the cell raised ValueError: no message"),
        (CellExecutionError("", "ValueError", "a\n\n  b"), CellFailed, "the cell raised ValueError: a b"),
        (CellTimeoutError("x"), CellTimedOut, "the cell ran longer than it may"),
        (DeadKernelError("x"), KernelDied, "the kernel died; the cell ended its process"),
        (RuntimeError("no socket"), KernelDied, "the cell could not be run: no socket"),
    ],
)  # fmt: skip
def test_what_stops_a_notebook_is_a_sentence(raised, kind, sentence):
    error = said(raised)
    assert type(error) is kind
    assert sentence in str(error)


def test_a_long_message_is_cut():
    assert len(said(CellExecutionError("", "ValueError", "x" * 9000)).message) < 600
