"""``analytics.toml``: found, read, and complained of with its line."""

from __future__ import annotations

import pytest

from analytics_lib.errors import ConnectionFailed, ReportError, WorkspaceError
from analytics_lib.workspace import find_workspace, load_workspace


@pytest.fixture
def written(tmp_path):
    def written(text):
        (tmp_path / "analytics.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return written


@pytest.fixture
def loaded(written):
    return lambda text: load_workspace(written(text))


def test_an_empty_file_is_a_workspace(loaded, tmp_path):
    workspace = loaded("")
    assert workspace.root == tmp_path
    assert workspace.site == tmp_path / "site"
    assert workspace.state == tmp_path / ".analytics"
    assert workspace.state_url == f"sqlite:///{tmp_path}/.analytics/state.db"
    assert workspace.jobs >= 1
    assert workspace.declared == {}


def test_settings_are_read(loaded, tmp_path):
    workspace = loaded('[site]\nfolder = "public"\n\n[rendering]\njobs = 3\n')
    assert workspace.site == tmp_path / "public"
    assert workspace.jobs == 3


def test_it_is_found_from_a_folder_below(written, monkeypatch):
    root = written("")
    below = root / "notebooks" / "apps"
    below.mkdir(parents=True)
    assert find_workspace(below).root == root
    monkeypatch.chdir(below)
    assert find_workspace().root == root


def test_it_is_not_found(tmp_path):
    with pytest.raises(WorkspaceError, match=r"there is no analytics\.toml in .* or above it"):
        find_workspace(tmp_path)
    with pytest.raises(WorkspaceError, match=r"there is no analytics\.toml"):
        load_workspace(tmp_path)


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("[site\n", "analytics.toml:1", "not valid TOML"),
        ('[site]\ntitle = "a"\ntitle = "b"\n', "analytics.toml:3", "not valid TOML"),
        ("[site]\n\n[sites]\n", "analytics.toml:3", "unknown section"),
        ("site = 3\n", "analytics.toml:1", "'site' must be a section"),
        ('[site]\n\ntitel = "a"\n', "analytics.toml:3", "unknown key 'titel' in [site]"),
        ("[rendering]\njobs = '2'\n", "analytics.toml:2", "setting 'rendering.jobs' is '2'"),
        ("[connections.shop]\n", "analytics.toml:1", "connection 'shop' has no url"),
        ("[connections]\nshop = 3\n", "analytics.toml:2", "connection 'shop' has no url"),
        ('[connections.shop]\nurl = "x"\n# why\nreadonly = true\n', "analytics.toml:4", "unknown key 'readonly'"),
        ("[connections.shop]\nurl = 5\n", "analytics.toml:2", "url of connection 'shop' is 5"),
        ('[connections.shop]\nurl = "x"\nread_only = "no"\n', "analytics.toml:3", "read_only of connection 'shop'"),
    ],
)
def test_complaints_name_their_line(loaded, text, where, message):
    with pytest.raises(WorkspaceError) as caught:
        loaded(text)
    assert caught.value.where == where
    assert message in caught.value.message


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "analytics.toml").write_bytes(b'title = "\xff"')
    with pytest.raises(WorkspaceError, match="not UTF-8"):
        load_workspace(tmp_path)


class TestConnections:
    def test_read_only_unless_said_otherwise(self, loaded):
        workspace = loaded(
            '[connections.a]\nurl = "sqlite:////a.db"\n[connections.b]\nurl = "sqlite:////b.db"\nread_only = false\n'
        )
        assert workspace.connection("a").read_only
        assert not workspace.connection("b").read_only
        assert workspace.connection("a").where == "analytics.toml:2"

    @pytest.mark.parametrize(
        ("url", "resolved"),
        [
            ("duckdb:///data/w.duckdb", "duckdb:///{root}/data/w.duckdb"),
            ("sqlite:///w.db?mode=ro", "sqlite:///{root}/w.db?mode=ro"),
            ("sqlite+pysqlite:///w.db", "sqlite+pysqlite:///{root}/w.db"),
            ("duckdb:////srv/w.duckdb", "duckdb:////srv/w.duckdb"),
            ("duckdb:///:memory:", "duckdb:///:memory:"),
            ("duckdb://", "duckdb://"),
            ("postgresql://analyst@host/db", "postgresql://analyst@host/db"),
        ],
    )
    def test_files_lie_below_the_workspace(self, loaded, tmp_path, url, resolved):
        assert loaded(f'[connections.a]\nurl = "{url}"\n').connection("a").url == resolved.format(root=tmp_path)

    def test_an_unknown_name(self, loaded):
        with pytest.raises(ConnectionFailed) as caught:
            loaded('[connections.warehouse]\nurl = "duckdb://"\n').connection("warehose", where="reports/r.yml:4")
        assert str(caught.value) == ("reports/r.yml:4: unknown connection 'warehose'; did you mean 'warehouse'?")

    def test_variables_are_filled_in_when_the_connection_is_asked_for(self, loaded, monkeypatch):
        workspace = loaded('[connections.a]\nurl = "postgresql://u:${TRIED_PASSWORD}@h/${TRIED_DATABASE}"\n')
        with pytest.raises(WorkspaceError) as caught:
            workspace.connection("a")
        assert caught.value.message == "environment variable TRIED_PASSWORD is not set"
        assert caught.value.where == "analytics.toml:2"
        monkeypatch.setenv("TRIED_PASSWORD", "secret")
        monkeypatch.setenv("TRIED_DATABASE", "crm")
        assert workspace.connection("a").url == "postgresql://u:secret@h/crm"

    @pytest.mark.parametrize("password", ["p@ss/w:rd?#[]", "plain", "per%2fcent", "ünï & cödé"])
    def test_any_password_reaches_the_driver_whole(self, loaded, monkeypatch, password):
        from urllib.parse import unquote

        from sqlalchemy.engine import make_url

        monkeypatch.setenv("TRIED_PASSWORD", password)
        url = make_url(loaded('[connections.a]\nurl = "postgresql://u:${TRIED_PASSWORD}@h/db"\n').connection("a").url)
        assert url.password == unquote(password)
        assert (url.username, url.host, url.database) == ("u", "h", "db")

    def test_a_whole_url_in_a_variable_stays_as_it_is(self, loaded, monkeypatch):
        monkeypatch.setenv("TRIED_URL", "postgresql://u:p@h/db")
        assert loaded('[connections.a]\nurl = "${TRIED_URL}"\n').connection("a").url == "postgresql://u:p@h/db"

    def test_a_connection_does_not_show_its_password(self, loaded):
        spec = loaded('[connections.a]\nurl = "postgresql://u:secret@h/db"\n').connection("a")
        assert "secret" not in repr(spec)


def test_places_are_named_from_the_workspace(loaded, tmp_path):
    with pytest.raises(ReportError) as caught, loaded("").places():
        raise ReportError("it broke", where=f"{tmp_path}/expectations/orders.json:4")
    assert caught.value.where == "expectations/orders.json:4"


def test_the_state_url_fills_in_variables_too(loaded, monkeypatch):
    monkeypatch.setenv("TRIED_PASSWORD", "secret")
    workspace = loaded('[state]\nurl = "postgresql://u:${TRIED_PASSWORD}@h/state"\n')
    assert workspace.state_url == "postgresql://u:secret@h/state"
