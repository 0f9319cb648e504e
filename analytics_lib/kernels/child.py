"""What a forked kernel does: be an IPython kernel, as ``python -m ipykernel_launcher`` is."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.forking.keeper import children_of

if TYPE_CHECKING:
    from ipykernel.kernelapp import IPKernelApp

_JOIN_SECONDS: Final = 2.0


def prepare() -> None:
    """Use the libraries of reports once, in the parent: what their first use imports and compiles, forks then share."""
    with suppress(ImportError):  # a parent may be made for other libraries
        import altair as alt
        import pandas as pd

        frame = pd.DataFrame({"day": pd.to_datetime(["2000-01-01"]), "name": ["a"], "amount": [1.0]})
        frame.groupby("name").describe().to_html()
        chart = alt.Chart(frame).mark_line().encode(x="day:T", y="amount:Q", color="name:N", tooltip=["name:N"])
        (chart + chart.mark_text(text="a")).properties(width=300).configure_axis(grid=False).to_dict()


def settle() -> None:
    """Visit all modules, as a kernel does when it starts: the memory copied by that is copied before anyone waits."""
    for module in list(sys.modules.values()):
        getattr(module, "__file__", None)


def run(arguments: list[str]) -> int:
    """Run a kernel to its end.

    Parameters
    ----------
    arguments
        As ``ipykernel_launcher`` takes them.

    Returns
    -------
    int
        The exit status.
    """
    import ipykernel_launcher
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = [str(ipykernel_launcher.__file__), *arguments]
    app = IPKernelApp.instance(parent_handle=1)  # 1 never ends: the keeper ends an orphan, and nothing needs to poll
    app.initialize(arguments)
    _look_for_children_first(app.kernel)
    app.start()
    _join_threads(app)
    return 0


def _look_for_children_first(kernel: Any) -> None:
    """Let a kernel without children end at once: to look for grandchildren it would read of every process there is."""
    stock = kernel._process_children  # noqa: SLF001 - there is no other place to say it
    kernel._process_children = lambda: stock() if children_of(os.getpid()) else []  # noqa: SLF001


def _join_threads(app: IPKernelApp) -> None:
    """Let the kernel's threads end before its sockets are closed.

    The kernel closes them in the other order as the process ends, and then about one in ten hangs: its control thread
    waits to flush through a socket that is gone.
    """
    for thread in (app.control_thread, app.shell_channel_thread):
        if thread is not None and thread.is_alive():
            thread.stop()
            thread.join(_JOIN_SECONDS)
