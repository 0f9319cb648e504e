"""Apps: notebooks that readers open and move, served by Voila in pages of ours."""

from __future__ import annotations

from analytics_lib.server.apps.catalogue import App, find_app, list_apps
from analytics_lib.server.apps.serving import serve_apps

__all__ = ["App", "find_app", "list_apps", "serve_apps"]
