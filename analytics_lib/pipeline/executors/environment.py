"""What a machine would make pages with: a page's key is true only if the worker has the very same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analytics_lib import __version__
from analytics_lib.errors import ExecutorError
from analytics_lib.pipeline.identity import environment_digest, library_digest, packages

if TYPE_CHECKING:
    from collections.abc import Mapping

HINT: Final = "use one image, or install from one constraints.txt, on every machine"
_NAMED: Final = 3


@dataclass(frozen=True)
class Environment:
    """The code of one machine.

    Parameters
    ----------
    version, library
        Version of this library, and the digest of its files.
    packages
        Name → version of Python and of every installed distribution.
    digest
        The digest of Python and packages that goes into a page's key.
    """

    version: str
    library: str
    packages: Mapping[str, str]
    digest: str

    def require_same(self, there: Environment, where: str) -> None:
        """Refuse a machine whose pages would not be this machine's.

        Raises
        ------
        ExecutorError
            Library or packages differ.
        """
        if there.version != self.version:
            raise ExecutorError(
                f"analytics_lib {there.version} is installed there, {self.version} here", where=where, hint=HINT
            )
        if there.digest != self.digest:
            raise ExecutorError(
                f"other packages are installed there: {self._differences(there)}", where=where, hint=HINT
            )
        if there.library != self.library:
            raise ExecutorError(f"the files of analytics_lib {self.version} are not those here", where=where, hint=HINT)

    def _differences(self, there: Environment) -> str:
        names = sorted(name for name in {*self.packages, *there.packages} if self._differs(name, there))
        told = [
            f"{name} {there.packages.get(name, 'is missing')} there, {self.packages.get(name, 'missing')} here"
            for name in names[:_NAMED]
        ]
        more = f"; and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return "; ".join(told) + more

    def _differs(self, name: str, there: Environment) -> bool:
        return self.packages.get(name) != there.packages.get(name)


def environment() -> Environment:
    """Return this machine's, as it is now."""
    return Environment(__version__, library_digest(), packages(), environment_digest())
