"""The store of versions: each whole in a folder of its own, never changed afterwards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analytics_lib.publishing.files import ASIDE, disk_sentences, remove_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE_NAME: Final = "page.html"
CHECKS_NAME: Final = "checks.json"
NOTEBOOK_NAME: Final = "notebook.ipynb"
FACTS_NAME: Final = "version.json"
ASSETS_FOLDER: Final = "assets"


def store_version(state: Path, report: str, page: str, name: str, files: Mapping[str, bytes]) -> str:
    """Write a version's files and return its folder, from `state`.

    Parameters
    ----------
    state
        The state's folder.
    report, page, name
        Where it belongs; `name` is number and key.
    files
        File name → content.

    Raises
    ------
    PublishError
        The disk is full or the folder cannot be written; nothing is left behind.
    """
    relative = Path("versions") / report / page / name
    final = state / relative
    aside = final.with_name(f"{ASIDE}{name}")
    with disk_sentences("the version", final):
        try:
            remove_tree(aside)
            aside.mkdir(parents=True)
            for file, content in files.items():
                with (aside / file).open("wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
            remove_tree(final)  # left by a build that was killed before it recorded the version
            aside.rename(final)
        except OSError:
            remove_tree(aside)
            raise
    return relative.as_posix()
