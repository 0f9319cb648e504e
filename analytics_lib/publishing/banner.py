"""The banner that a page wears while newer data is held back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from analytics_lib.model.wording import show_time

if TYPE_CHECKING:
    from datetime import datetime

    from analytics_lib.model.pages import Stale

_FRAME = '<div class="banner" role="status"><p><strong>{when}</strong> {why}{run}</p></div>'
_RUN = ' <a href="{href}">See the run that failed</a>'
_WHY = {
    "checks": "Newer data was held back since {since}, because it failed its checks: {reason}",
    "rendering": "It could not be made anew since {since}: {reason}",
}


def render_banner(stale: Stale, time_zone: str, rendered_at: datetime | None = None) -> str:
    """Return the banner's HTML, everything in it escaped.

    Parameters
    ----------
    stale
        Since when and why the page is not the newest it could be; the page of a failed run lies in the page's folder.
    time_zone
        IANA name of the zone in which times are shown.
    rendered_at
        When the page that is still up was made, where that is known.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from analytics_lib.model.pages import Stale
    >>> seen = Stale(datetime(2026, 11, 21, 6, 0, tzinfo=UTC), "dep_time is <null>", "checks")
    >>> print(render_banner(seen, "UTC"))
    <div class="banner" role="status"><p><strong>This page is not the newest.</strong> Newer data was held back since \
21 Nov 2026, 06:00 UTC, because it failed its checks: dep_time is &lt;null&gt;.</p></div>
    """
    when = (
        "This page is not the newest."
        if rendered_at is None
        else f"This page is from {show_time(rendered_at, time_zone)}."
    )
    since = show_time(stale.since, time_zone)
    why = _WHY[stale.kind].format(since=since, reason=_sentence(stale.reason))
    run = Markup(_RUN).format(href=stale.run.rpartition("/")[2]) if stale.run else ""  # noqa: S704 - see below
    return str(Markup(_FRAME).format(when=when, why=why, run=run))  # noqa: S704 - the frame is ours; Markup.format escapes the rest


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
