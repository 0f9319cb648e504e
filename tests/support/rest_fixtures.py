"""The local service as fixtures."""

from __future__ import annotations

import pytest

from support.rest import Api, serve


@pytest.fixture
def api():
    """A service with seven rows."""
    api = Api(tables={"/contacts": [{"id": number, "name": f"n{number}"} for number in range(1, 8)]})
    server = serve(api)
    yield api
    server.shutdown()
    server.server_close()
