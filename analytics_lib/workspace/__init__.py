"""The folder that analysts work in: ``analytics.toml``, report files, what notebooks declare."""

from __future__ import annotations

from analytics_lib.workspace.folder import CONFIG_NAME, Workspace, find_workspace, load_workspace

__all__ = ["CONFIG_NAME", "Workspace", "find_workspace", "load_workspace"]
