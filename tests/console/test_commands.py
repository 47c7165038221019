"""`mammo console`: tokens are made, shown once, listed and revoked; the key is printed."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.errands import tokens
from catalog.errands.seal import read_public
from flows.cli import main
from flows.keys.errands import public_key, write_public
from tests.console.conftest import Side
from tests.console.running import region_environment


@pytest.fixture
def mammo(side: Side, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    told = region_environment(
        landing=str(side.landing),
        key_file=str(side.key_file),
        ledger_url=str(side.engine.url),
        s3_endpoint="127.0.0.1:1",
        s3_access_key="a",
        s3_secret_key="s",
    )
    for name, value in told.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["console", *words])
        shown = capsys.readouterr()
        assert ended.value.code == 0, shown.err
        return shown.out.strip(), shown.err

    return run


def test_a_token_is_made_listed_and_revoked(mammo, side: Side) -> None:
    token, told = mammo("token", "add", "eva.provstrom", "--days", "3")
    found = tokens.find(side.engine, token)
    assert found is not None
    assert (found.who, found.role) == ("eva.provstrom", "pacs_admin")
    assert timedelta(2) < found.expires_at - datetime.now(UTC) < timedelta(4)
    assert found.id in told
    assert token not in mammo("token", "list")[0]
    mammo("token", "revoke", found.id)
    assert tokens.find(side.engine, token) is None
    (line,) = [line for line in mammo("token", "list")[0].splitlines() if found.id in line]
    assert "revoked" in line


@pytest.mark.parametrize("who", ["Eva", "eva provstrom", "", "e" * 65])
def test_a_token_names_somebody_in_small_letters(mammo, who: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["console", "token", "add", who])
    assert ended.value.code == 2


def test_the_key_is_printed_and_written_where_it_is_read(mammo, side: Side) -> None:
    printed, _ = mammo("key")
    assert printed == public_key(side.key_file)
    path = side.folder / "new" / "console.pub"
    for _ in range(2):
        write_public(side.key_file, path)
        assert read_public(path.read_text()).public_bytes_raw()
    assert path.read_text().strip() == printed
