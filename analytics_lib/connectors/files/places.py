"""Files where they lie: here, on the web, or at any address that fsspec knows."""

from __future__ import annotations

import errno
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from urllib.request import urlopen

from analytics_lib.errors import ConnectionFailed, PublishError, nearest
from analytics_lib.model.files import FORMATS, ending_of, format_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.model.files import FileSpec

_TIMEOUT_S: Final = 60
_CHUNK: Final = 1024 * 1024
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def known_format(spec: FileSpec) -> str:
    """Return the format of a file: what is said, else what its ending tells.

    Raises
    ------
    ConnectionFailed
        There is no such format, or the ending tells none.
    """
    said = spec.options.get("format")
    if said is not None:
        if said not in FORMATS:
            raise ConnectionFailed(f"there is no format '{said}'", where=spec.where, hint=nearest(str(said), FORMATS))
        return str(said)
    told = format_of(spec.address)
    if told is None:
        raise ConnectionFailed(
            f"the ending '{ending_of(spec.address)}' of {spec.name} tells no format",
            where=spec.where, hint=f'write format = "csv", or another of {", ".join(FORMATS)}',
        )  # fmt: skip
    return told


@contextmanager
def on_disk(spec: FileSpec) -> Iterator[Path]:
    """Yield the path of a file: its own, or that of a copy where it lies elsewhere, which goes at the end.

    Raises
    ------
    ConnectionFailed
        There is no such file, or it cannot be read.
    """
    if "://" not in spec.address:
        with _sentences(spec), Path(spec.address).open("rb"):
            pass
        yield Path(spec.address)
        return
    with copies(spec) as folder:
        path = folder / "rows"
        with _sentences(spec), _opened(spec.address) as stream, path.open("wb") as copy:
            shutil.copyfileobj(stream, copy, _CHUNK)
        yield path


@contextmanager
def copies(spec: FileSpec) -> Iterator[Path]:
    """Yield a folder for copies of a file, which goes with them at the end.

    Raises
    ------
    PublishError
        Its disk is full.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="analytics-") as folder:
            yield Path(folder)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise PublishError(
            f"the disk is full: {spec.name} could not be copied", where=tempfile.gettempdir(),
            hint="make room there, or let TMPDIR name a folder of another disk",
        ) from None  # fmt: skip


@contextmanager
def _opened(address: str) -> Iterator[IO[bytes]]:
    if address.startswith(("http://", "https://")):  # fsspec would need another package for these
        with urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - no other scheme comes here
            yield answer
        return
    import fsspec

    with fsspec.open(address, "rb") as stream:
        yield stream


@contextmanager
def _sentences(spec: FileSpec) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        said = f"there is no file {spec.name}"
        raise ConnectionFailed(said, where=spec.where, hint=f"check the {spec.key}") from None
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno in _FULL:
            raise
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConnectionFailed(f"{spec.name} cannot be read: {said}", where=spec.where) from None
    except Exception as error:  # noqa: BLE001 - each file system of fsspec has errors of its own
        raise ConnectionFailed(f"{spec.name} cannot be read: {type(error).__name__}", where=spec.where) from None
