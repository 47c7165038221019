"""Who owns the console's process - its environment, its database user - opens nothing sealed."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient

from access_api.console.app import create_app
from access_api.console.settings import ConsoleSettings
from catalog.database import connect, writing
from catalog.errands import tokens
from catalog.errands.errands import Errands
from catalog.errands.grants import READS, WRITES, grant
from catalog.errands.records import ErrandKind, Taken
from catalog.errands.seal import public_text, read_public, seal, unseal
from catalog.errors import SealedError
from catalog.every_table import LEDGER
from flows.keys.errands import errand_key, public_key
from tests.console.conftest import Side
from tests.console.running import Console

ACCESSION = "SEPROV0000000099"
FORBIDDEN = "42501"  # insufficient_privilege


def taken(side_or_errands: Errands) -> Taken:
    until = datetime.now(UTC) + timedelta(minutes=1)
    found = side_or_errands.take("test", until, frozenset(ErrandKind))
    assert found is not None
    return found


def test_all_that_the_console_has_opens_nothing(desk: Console, side: Side) -> None:
    with desk.client() as client:
        assert client.post("/traces", json={"accession": ACCESSION}).status_code == 202
    errand = taken(side.ledger.errands)
    had = [*desk.environment.values(), Path(desk.environment["MAMMO_CONSOLE_KEY_FILE"]).read_text()]
    tried = [value.encode() for value in had] + [os.urandom(32)]
    for secret in [*tried, *(read_public(had[-1]).public_bytes_raw() for _ in range(1))]:
        with pytest.raises(SealedError):
            unseal(X25519PrivateKey.from_private_bytes(secret[-32:].rjust(32, b"\0")), errand)
    assert ACCESSION.encode() not in side.written()
    assert ACCESSION.encode() not in desk.log.read_bytes()
    right = errand_key(bytes.fromhex(_root(side.key_file)))
    assert unseal(right, errand) == {"accession": ACCESSION, "issuer": ""}


def test_what_is_sealed_for_one_errand_opens_for_no_other() -> None:
    key = X25519PrivateKey.generate()
    new = seal(key.public_key(), {"a": 1}, kind=ErrandKind.TRACE, target="t", who="eva")
    mine = Taken(new.id, new.kind, new.target, new.who, new.sealed, "w", 1)
    assert unseal(key, mine) == {"a": 1}
    changed = [
        replace(mine, id="0" * 32),
        replace(mine, kind=ErrandKind.PREVIEW),
        replace(mine, target="u"),
        replace(mine, who="karin"),
        replace(mine, sealed=new.sealed[:-1] + bytes([new.sealed[-1] ^ 1])),
        replace(mine, sealed=b""),
    ]
    for one in changed:
        with pytest.raises(SealedError):
            unseal(key, one)


def test_the_length_tells_no_more_than_a_kilobyte() -> None:
    public = X25519PrivateKey.generate().public_key()
    lengths = {
        len(seal(public, {"a": "x" * n}, kind=ErrandKind.TRACE, target="", who="e").sealed)
        for n in (1, 20, 64, 900)
    }
    assert len(lengths) == 1


def test_the_public_key_is_the_region_s_root_s_and_nothing_else(side: Side) -> None:
    assert public_key(side.key_file) == public_text(
        errand_key(bytes.fromhex(_root(side.key_file))).public_key()
    )
    with pytest.raises(SealedError):
        read_public("no key")


@pytest.fixture
def role(postgres_databases: object) -> Iterator[tuple[Engine, Engine]]:
    """A PostgreSQL ledger as its owner, and as the console's own role."""
    url = postgres_databases("ledger")  # type: ignore[operator]
    owner = connect(url)
    name = f"console_{os.urandom(4).hex()}"
    with writing(owner) as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'p'"))
    grant(owner, name)
    grant(owner, name)  # as every migration does
    address = make_url(url).set(username=name, password="p")
    mine = connect(address.render_as_string(hide_password=False))
    yield owner, mine
    mine.dispose()
    with writing(owner) as connection:
        connection.execute(text(f"DROP OWNED BY {name}"))
        connection.execute(text(f"DROP ROLE {name}"))
    owner.dispose()


def test_the_console_s_own_role_serves_every_page(
    role: tuple[Engine, Engine], tmp_path: Path
) -> None:
    owner, mine = role
    key = X25519PrivateKey.generate()
    (tmp_path / "key").write_text(public_text(key.public_key()))
    url = mine.url.render_as_string(hide_password=False)
    until = datetime.now(UTC) + timedelta(1)
    _, token = tokens.make(owner, "eva", "pacs_admin", by="t", expires_at=until)
    settings = ConsoleSettings(ledger_url=url, key_file=tmp_path / "key")
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(create_app(settings), headers=headers) as client:
        asked = client.post("/traces", json={"accession": ACCESSION})
        assert asked.status_code == 202
        for path in ("/sources", "/plans", "/exports", "/errands", "/work", "/health"):
            assert client.get(path).status_code == 200, path
        assert client.get(asked.headers["location"]).json()["state"] == "ASKED"
        assert client.get("/plans/p-00000000").status_code == 404
    assert unseal(key, taken(Errands(owner)))["accession"] == ACCESSION


def test_the_console_s_own_role_reads_no_sealed_cell_and_changes_nothing(
    role: tuple[Engine, Engine],
) -> None:
    _, mine = role
    forbidden = []
    for table in LEDGER.sorted_tables:
        columns = [
            column.name for column in table.columns if column.name not in READS.get(table.name, ())
        ]
        forbidden += [f'SELECT "{name}" FROM "{table.name}"' for name in columns]
        forbidden += [f'DELETE FROM "{table.name}"', f'TRUNCATE "{table.name}"']
        any_column = table.columns[0].name
        forbidden.append(f'UPDATE "{table.name}" SET "{any_column}" = NULL')
        if table.name not in WRITES:
            forbidden.append(f'INSERT INTO "{table.name}" DEFAULT VALUES')
    assert 'SELECT "sealed" FROM "errand"' in forbidden
    assert 'SELECT "content_enc" FROM "plan"' in forbidden
    for statement in [*forbidden, "CREATE TABLE mine (a int)"]:
        with pytest.raises(ProgrammingError) as caught, mine.begin() as connection:
            connection.execute(text(statement))
        assert caught.value.orig.sqlstate == FORBIDDEN, statement


def _root(key_file: Path) -> str:
    import json

    return str(json.loads(key_file.read_text())["region"])
