"""The flow, from a report file to a published page: the only room that knows its order."""

from __future__ import annotations

from analytics_lib.pipeline.build import BuildRequest, build
from analytics_lib.pipeline.results import BuildResult, PageResult, Progress, Silent

__all__ = ["BuildRequest", "BuildResult", "PageResult", "Progress", "Silent", "build"]
