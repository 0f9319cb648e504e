"""What an app's page loads: our own files, Voila's script, and the scripts of widgets, all from this machine.

Voila's script is JupyterLab's rendering without JupyterLab's surroundings. It finds the kernel and the extensions to
load in a JSON element of the page.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.rendering.assets import Assets, load_assets, page_script

if TYPE_CHECKING:
    from collections.abc import Mapping

ASSETS: Final = "/_assets/"
STATIC: Final = f"/voila/static/{metadata.version('voila')}"
"""Where Voila's script lies; the version lets browsers keep it."""
EXTENSIONS: Final = "/voila/labextensions"
OURS: Final = "analytics-lib"
"""Name of our own extension: it draws charts, tables and errors that appear inside widgets."""

# Theirs would take the network, or draw what ours draws in the page's look.
_DISABLED: Final = ("@jupyterlab/mathjax-extension", "@jupyterlab/mathjax2-extension", "@jupyterlab/vega5-extension")
_OTHER_MANAGERS: Final = frozenset({"@voila-dashboards/widgets-manager7", "@voila-dashboards/jupyterlab-preview"})
_FOR_WIDGETS: Final = "@jupyter-widgets/base"


@dataclass(frozen=True)
class Frontend:
    """The files that pages name, each with its content's hash in its name.

    Parameters
    ----------
    shared
        Those of published pages: styles and the chart library.
    names
        Plain name → file name with hash: ``apps.css``, ``apps.js``, ``widgets.js``, and those of `shared`.
    files
        File name with hash → bytes.
    """

    shared: Assets
    names: Mapping[str, str]
    files: Mapping[str, bytes]


@cache
def load_frontend(cache_folder: Path | None = None) -> Frontend:
    """Return the files of apps; built once in a process. `cache_folder` keeps the chart library between processes."""
    shared = load_assets(cache_folder)
    names, files = dict(shared.names), dict(shared.files)
    own = {
        "apps.css": _packed("apps.css"),
        "apps.js": page_script(_packed("apps.js")),
        "widgets.js": _packed("widgets.js"),
    }
    for name, text in own.items():
        content = text.encode()
        stem, _, suffix = name.partition(".")
        names[name] = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
        files[names[name]] = content
    return Frontend(shared, names, files)


def _packed(name: str) -> str:
    return (resources.files("analytics_lib.server.apps") / "templates" / "assets" / name).read_text(encoding="utf-8")


@cache
def extension_folders() -> tuple[Path, ...]:
    """Return the folders in which installed packages keep their scripts for JupyterLab and Voila."""
    from voila.utils import get_voila_labextensions_path

    return tuple(Path(folder).resolve() for folder in get_voila_labextensions_path() if Path(folder).is_dir())


@cache
def widget_extensions() -> tuple[dict[str, str], ...]:
    """Return the installed extensions that widgets need, as Voila's script takes them.

    JupyterLab has many more; a page loads those that build on the widgets' own base.
    """
    from jupyterlab_server.config import get_federated_extensions

    found = get_federated_extensions([str(folder) for folder in extension_folders()])
    return tuple(
        {"name": name, **{key: data["jupyterlab"]["_build"][key] for key in sorted(data["jupyterlab"]["_build"])}}
        for name, data in sorted(found.items())
        if name not in _OTHER_MANAGERS and _is_for_widgets(data)
    )


def _is_for_widgets(data: Mapping[str, Any]) -> bool:
    return _FOR_WIDGETS in {**data.get("dependencies", {}), **data["jupyterlab"].get("sharedPackages", {})}


def page_config(kernel_id: str, frontend: Frontend) -> dict[str, Any]:
    """Return what Voila's script reads from the page.

    Parameters
    ----------
    kernel_id
        The kernel whose widgets the page shows.
    frontend
        The files of apps.
    """
    ours = {"name": OURS, "load": f"static/{frontend.names['widgets.js']}", "mimeExtension": "./mime"}
    return {
        "baseUrl": "/",
        "appUrl": "voila/",
        "fullStaticUrl": STATIC,
        "fullLabextensionsUrl": EXTENSIONS,
        "kernelId": kernel_id,
        "federated_extensions": [*widget_extensions(), ours],
        "disabledExtensions": list(_DISABLED),
        "jupyterLabTheme": "light",
        "progressiveRendering": False,
        # null, not left out: else MathJax is asked for from the network
        "fullMathjaxUrl": None,
        "mathjaxConfig": None,
    }


def static_folder() -> Path:
    """Return the folder of Voila's own script."""
    from voila.paths import collect_static_paths

    for folder in collect_static_paths(["voila"], "base"):
        if (Path(folder) / "voila.js").is_file():
            return Path(folder).resolve()
    raise FileNotFoundError("voila.js")


def to_json(config: Mapping[str, Any]) -> str:
    """Return a page's configuration as it may stand inside a ``script`` element."""
    return json.dumps(config, separators=(",", ":")).replace("<", "\\u003c")
