"""The example workspace, and the starter that ``analytics init`` writes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from analytics_lib.errors import WorkspaceError

_HERE: Final = Path(__file__).parent
_PACKED: Final = _HERE / "workspace"  # in the wheel
_REPOSITORY: Final = _HERE.parent.parent  # in a checkout, the repository is the example
_STARTER: Final = _HERE / "starter"
_PARTS: Final = ("analytics.toml", "notebooks", "reports", "expectations", "experiments", "metrics", "sources")
WAREHOUSE: Final = Path("data") / "warehouse.duckdb"
CUSTOMERS: Final = Path("data") / "crm_customers.xlsx"


def copy_example(target: Path) -> int:
    """Make `target` the example workspace and return how many files were written; what is there already stays.

    Raises
    ------
    WorkspaceError
        `target` is another workspace, or a file.
    """
    source = _PACKED if _PACKED.is_dir() else _REPOSITORY
    if target.absolute() == source.absolute():
        return 0
    if (target / "analytics.toml").exists() and not (target / "reports" / "network_overview.yml").exists():
        raise WorkspaceError(
            "the folder is a workspace of its own", where=str(target), hint="name another folder: `analytics demo DIR`"
        )
    return _copy([path for part in _PARTS for path in _files(source / part)], source, target)


def copy_starter(target: Path) -> int:
    """Make `target` a workspace with a first report and return how many files were written.

    Raises
    ------
    WorkspaceError
        `target` is a workspace already, or a file.
    """
    if (target / "analytics.toml").exists():
        raise WorkspaceError("the folder is a workspace already", where=str(target), hint="name another folder")
    return _copy(_files(_STARTER), _STARTER, target)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    hidden = {"__pycache__", ".ipynb_checkpoints"}
    return [each for each in sorted(path.rglob("*")) if each.is_file() and not hidden & set(each.parts)]


def _copy(files: list[Path], source: Path, target: Path) -> int:
    if target.exists() and not target.is_dir():
        raise WorkspaceError("a file is in the way", where=str(target), hint="name a folder")
    written = 0
    try:
        for file in files:
            name = file.relative_to(source)
            # A leading dot would hide the file from the wheel's builder.
            place = target / (name.with_name(".gitignore") if name.name == "gitignore" else name)
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
                written += 1
    except OSError as error:
        raise WorkspaceError(f"the folder cannot be written: {error.strerror}", where=str(target)) from None
    return written
