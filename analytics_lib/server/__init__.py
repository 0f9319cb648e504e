"""The published site over HTTP, on this machine."""

from analytics_lib.server.serving import serve

__all__ = ["serve"]
