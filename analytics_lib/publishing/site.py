"""The site: a projection of what is current, rewritten file by file, each whole.

What is published is decided in the state database, in one transaction. Here the site's files are brought to say the
same. Doing it again changes nothing; a build that was killed in between is completed by the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from analytics_lib.publishing.banner import render_banner
from analytics_lib.publishing.files import Replacements, disk_sentences, sweep, write_whole
from analytics_lib.publishing.listing import render_index, render_report_index
from analytics_lib.publishing.versions import ASSETS_FOLDER, PAGE_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from analytics_lib.model.pages import ListedReport, Stale

BANNER_MARK: Final = "<!-- analytics:banner -->"
SITE_ASSETS: Final = "_assets"
_FAILED: Final = "~failed.html"
"""How the address of a failed run's page ends; no page's name holds a tilde."""


@dataclass(frozen=True)
class ShownPage:
    """A page of the site: which version's file it shows, under which address, with which banner.

    Parameters
    ----------
    href
        Address from the site's root.
    folder
        The version's folder, from the state's folder.
    stale
        Why it is not the newest it could be.
    time_zone
        IANA name of the zone in which the banner shows times.
    rendered_at
        When the version was rendered, UTC.
    run
        The page of the failed run that its banner leads to, from the state's folder; empty where there is none.
    """

    href: str
    folder: str
    stale: Stale | None
    time_zone: str
    rendered_at: datetime
    run: str = ""


def failed_href(href: str) -> str:
    """Return the address of the page of a failed run, beside the page at `href`.

    Examples
    --------
    >>> failed_href("airline_on_time/UA.html")
    'airline_on_time/UA~failed.html'
    """
    return href.removesuffix(".html") + _FAILED


@dataclass(frozen=True)
class Site:
    """The published site.

    Parameters
    ----------
    folder
        The site's folder.
    state
        The state's folder, which holds the versions.
    title
        Title of the first page.
    asset_names
        Logical name → file name of the shared styles and scripts: ``page.css`` → ``page-1a2b3c.css``.
    """

    folder: Path
    state: Path
    title: str
    asset_names: Mapping[str, str]

    def require_writable(self) -> None:
        """Refuse to start a build whose result could not be published.

        Raises
        ------
        PublishError
            The site's or the state's folder cannot be written.
        """
        for folder, what in ((self.folder, "the site"), (self.state, "the state")):
            with disk_sentences(what, folder):
                folder.mkdir(parents=True, exist_ok=True)
                probe = folder / ".part-probe"
                probe.write_bytes(b"1")
                probe.unlink()

    def keep_assets(self, files: Mapping[str, bytes]) -> None:
        """Keep the shared files in the state, where older versions find theirs after an upgrade."""
        with disk_sentences("the shared files", self.state):
            for name, content in files.items():
                path = self.state / ASSETS_FOLDER / name
                if not path.exists():
                    write_whole(path, content)

    def project(self, pages: Sequence[ShownPage], reports: Sequence[ListedReport], *, only: str | None = None) -> int:
        """Bring the site's files to what `pages` and `reports` say; return how many were written.

        Parameters
        ----------
        pages
            Pages to be brought up to date.
        reports
            All that is listed.
        only
            The report whose list may have changed, besides the list of all reports; by default any.

        Raises
        ------
        PublishError
            A file cannot be written; the site is then as it was.
        """
        with disk_sentences("the site", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            sweep(self.folder)
        with disk_sentences("the site", self.folder), Replacements() as files:
            self._add_assets(files)
            for page in pages:
                files.add(self.folder / page.href, self._shown(self._add_run(files, page)))
            for report in reports:
                listed = only in {None, report.name}
                if listed and all(page.href != f"{report.name}/index.html" for page in report.pages):
                    html = render_report_index(
                        report, site_title=self.title, asset_names=self.asset_names, generated_at=_newest([report])
                    )
                    files.add(self.folder / report.name / "index.html", html.encode())
            index = render_index(
                reports, site_title=self.title, asset_names=self.asset_names, generated_at=_newest(reports)
            )
            files.add(self.folder / "index.html", index.encode())  # last: what it links to is there
            written = files.apply()
            for page in pages:
                if not page.run:  # and only now does nothing link to it any more
                    (self.folder / failed_href(page.href)).unlink(missing_ok=True)
            return written

    def _add_assets(self, files: Replacements) -> None:
        for source in sorted((self.state / ASSETS_FOLDER).glob("*")):
            target = self.folder / SITE_ASSETS / source.name
            if not target.exists() or target.stat().st_size != source.stat().st_size:
                files.add(target, source.read_bytes())

    def _add_run(self, files: Replacements, page: ShownPage) -> ShownPage:
        """Add the page of the failed run; return the page without a link to it where it has just been removed."""
        if not page.run or page.stale is None:
            return page
        try:
            run = (self.state / page.run).read_bytes()
        except FileNotFoundError:
            return replace(page, stale=replace(page.stale, run=""))
        files.add(self.folder / failed_href(page.href), run)
        return page

    def _shown(self, page: ShownPage) -> bytes:
        html = (self.state / page.folder / PAGE_NAME).read_text(encoding="utf-8")
        banner = render_banner(page.stale, page.time_zone, page.rendered_at) if page.stale else ""
        return html.replace(BANNER_MARK, banner or BANNER_MARK, 1).encode()


def _newest(reports: Sequence[ListedReport]) -> datetime:
    """Return when a list last changed, by what it lists and not by the clock: the same list gives the same file."""
    moments = [page.rendered_at for report in reports for page in report.pages]
    moments += [page.stale.since for report in reports for page in report.pages if page.stale]
    return max(moments, default=datetime.fromtimestamp(0, UTC))
