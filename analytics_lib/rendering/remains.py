"""What is left of a run that failed: the notebook as far as it ran, and the end of its kernel's log.

The log is what went to the kernel's own standard output and error: what code in C writes, what an interpreter says as
it crashes, what is said of a process that is killed. What cells print stands in the notebook.
"""

from __future__ import annotations

import faulthandler
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import RenderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOG_NAME: Final = "kernel.log"
KEPT_BYTES: Final = 64 * 1024
"""How much of a log is kept: its end."""


@contextmanager
def kept_remains(scratch: Path, folder: Path, save: Callable[[], None]) -> Iterator[None]:
    """Keep what is left when the run within fails; the failure goes on.

    Parameters
    ----------
    scratch
        Where the kernel's log is.
    folder
        Receives the log's end, unless it is empty.
    save
        Saves the notebook.
    """
    try:
        yield
    except RenderError:
        with suppress(OSError):  # what stopped the run is told, also on a disk that is full
            save()
        with suppress(OSError):
            text = end_of(scratch / LOG_NAME)
            if text.strip():
                (folder / LOG_NAME).write_bytes(text)
        raise


def log_crashes() -> None:
    """Let this kernel say in its log where it crashed, should it crash; runs within the kernel.

    What it writes the common way goes through a thread of its own, which a crash ends first.
    """
    faulthandler.enable(file=getattr(sys.stderr, "_original_stdstream_copy", 2), all_threads=False)


def end_of(log: Path, size: int = KEPT_BYTES) -> bytes:
    r"""Return the last `size` bytes of a log, from the beginning of a line, below a line that says what is left out.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     log = Path(folder) / "kernel.log"
    ...     _ = log.write_bytes(b"first\nsecond\nthird\n")
    ...     end_of(log, 8)
    b'[13 bytes before this are left out]\nthird\n'
    """
    with log.open("rb") as stream:
        left_out = max(0, stream.seek(0, 2) - size)
        stream.seek(left_out)
        text = stream.read(size)
    if not left_out:
        return text
    broken, line_end, rest = text.partition(b"\n")
    if line_end and rest:
        left_out += len(broken) + 1
        text = rest
    return f"[{left_out:,} bytes before this are left out]\n".encode() + text
