"""What stopped an app's notebook, as a sentence that names the cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import CellExited, CellFailed, CellTimedOut, KernelDied, RenderError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_LINE: Final = re.compile(r"(?:Cell In\[[^\]]*\], line (\d+)|^-+> ?(\d+) )", re.MULTILINE)
_SYNTAX: Final = re.compile(r"(?P<what>.*) \([^()]*, line (?P<line>\d+)\)")
_LONGEST: Final = 500


def stopped(error: BaseException, cells: Sequence[Mapping[str, Any]], index: int, shown: str) -> RenderError:
    """Return what stopped a notebook.

    Parameters
    ----------
    error
        What was raised while the cell ran.
    cells, index
        The notebook's cells and the one that ran.
    shown
        The notebook's path as errors name it.
    """
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    where = _place(cells, index, shown)
    if isinstance(error, CellExecutionError):
        return _raised(error, where)
    if isinstance(error, CellTimeoutError):
        return CellTimedOut("the cell ran longer than it may", where=where, hint="ask for less, or make it faster")
    if isinstance(error, DeadKernelError):
        return KernelDied(
            "the kernel died", where=where, hint="the cell ended its process, or the machine ran out of memory"
        )
    return KernelDied(f"the cell could not be run: {error}", where=where)


def _raised(error: Any, where: str) -> RenderError:
    message = _COLOUR.sub("", str(error.evalue)).strip()
    if error.ename == "SystemExit":
        return CellExited(f"the cell called sys.exit({message})", where=where)
    syntax = _SYNTAX.fullmatch(message)
    if syntax:
        return CellFailed(f"the cell is not Python: {syntax['what']}", where=f"{where}, line {syntax['line']}")
    line = next((one or other for one, other in _LINE.findall(_COLOUR.sub("", str(error.traceback)))), None)
    first = " ".join(part.strip() for part in message.splitlines() if part.strip()) or "no message"
    first = first if len(first) <= _LONGEST else f"{first[: _LONGEST - 1].rstrip()}…"
    return CellFailed(f"the cell raised {error.ename}: {first}", where=f"{where}, line {line}" if line else where)


def _place(cells: Sequence[Mapping[str, Any]], index: int, shown: str) -> str:
    """Return the cell as the analyst counts: injected cells do not count."""
    injected = sum("injected-parameters" in cell["metadata"].get("tags", ()) for cell in cells[: index + 1])
    return f"{shown} cell {index + 1 - injected}"
