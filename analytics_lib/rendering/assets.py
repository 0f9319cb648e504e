"""The files that all pages of a site share: a style sheet, two scripts and Vega, each under a name with its hash.

Nothing is fetched and nothing of others is kept in this package: Vega, Vega-Lite and Vega-Embed come out of the
installed ``vl-convert-python``.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, fields
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from analytics_lib.model.theme import MONO, PAGE, SANS, Mode, vega_config

if TYPE_CHECKING:
    from collections.abc import Mapping

AssetName = Literal["page.css", "page.js", "listing.js", "vega.js"]

_STYLES = ("base.css", "page.css", "listing.css", "print.css")
# The bundle is written as a module: inside a function its thousands of top-level names stay its own.
_WRAPPED = "(() => {\nBUNDLE\n})();\n"
_EXPORT = "window.vegaEmbed = vegaEmbed;"
_PAGE_SCRIPTS = ("display.js", "tables.js", "charts.js")


@dataclass(frozen=True)
class Assets:
    """The shared files of a site.

    Parameters
    ----------
    names
        Plain name → file name with the content's hash: ``page.css`` → ``page-1f0c….css``.
    files
        File name with hash → bytes; the site keeps them in ``_assets/`` for ever.
    """

    names: Mapping[str, str]
    files: Mapping[str, bytes]

    def text(self, name: AssetName) -> str:
        """Return a file's text by its plain name."""
        return self.files[self.names[name]].decode()


@cache
def load_assets(cache_folder: Path | None = None) -> Assets:
    """Return the shared files; built once in a process.

    Parameters
    ----------
    cache_folder
        Where the Vega bundle is kept between processes: making it takes a second or two. Any folder may be lost.
    """
    plain: dict[AssetName, str] = {
        "page.css": _tokens() + "".join(_packed(name) for name in _STYLES),
        "page.js": page_script(),
        "listing.js": _script(_packed("listing.js")),
        "vega.js": _vega(cache_folder),
    }
    names: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for name, text in plain.items():
        content = text.replace("\r\n", "\n").encode()
        stem, _, suffix = name.partition(".")
        names[name] = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
        files[names[name]] = content
    return Assets(MappingProxyType(names), MappingProxyType(files))


def page_script(*more: str) -> str:
    """Return the script of a page: its theme, tables and charts, then `more`, which may use what those define."""
    return _script(_themes(), *(_packed(name) for name in _PAGE_SCRIPTS), *more)


def _packed(name: str) -> str:
    return (resources.files("analytics_lib.rendering") / "templates" / "assets" / name).read_text(encoding="utf-8")


def _script(*parts: str) -> str:
    """Return one script that leaves no names behind."""
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _tokens() -> str:
    """Return the theme as custom properties: light by default, dark by the system's wish or the reader's."""

    def declarations(mode: Mode) -> str:
        page = PAGE[mode]
        colours = "".join(f"--{each.name.replace('_', '-')}:{getattr(page, each.name)};" for each in fields(page))
        return f"color-scheme:{mode};{colours}"

    light, dark = declarations("light"), declarations("dark")
    return (
        f":root{{--sans:{SANS};--mono:{MONO};{light}}}\n"
        f'@media screen{{:root[data-theme="dark"]{{{dark}}}}}\n'
        f'@media screen and (prefers-color-scheme:dark){{:root:not([data-theme="light"]){{{dark}}}}}\n'
    )


def _themes() -> str:
    themes = {mode: vega_config(mode) for mode in PAGE}
    return f"const THEMES = {json.dumps(themes, separators=(',', ':'))};\n"


def _vega(folder: Path | None) -> str:
    """Return the Vega bundle as a classic script, from the cache where there is one."""
    if folder is None:
        return _bundle()
    made_by = hashlib.sha256(f"{metadata.version('vl-convert-python')} {_WRAPPED} {_EXPORT}".encode()).hexdigest()
    kept = folder / f"vega-{made_by[:16]}.js"
    try:
        return kept.read_text(encoding="utf-8")
    except OSError:
        text = _bundle()
        _keep(kept, text)
        return text


def _bundle() -> str:
    import vl_convert

    return _WRAPPED.replace("BUNDLE", vl_convert.javascript_bundle(_EXPORT))


def _keep(path: Path, text: str) -> None:
    """Write a cache entry whole or not at all; a cache that cannot be written costs time, not results."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as aside:
            whole = Path(aside) / path.name
            whole.write_text(text, encoding="utf-8")
            whole.replace(path)
    except OSError:
        return
