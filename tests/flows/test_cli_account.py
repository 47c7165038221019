"""`mammo account …`: environments are registered, listed, revoked, and sign for themselves."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar
from urllib.parse import parse_qsl

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from catalog import audit
from flows import wiring
from flows.cli import place
from flows.cli.who import who


@pytest.fixture
def run(hub, monkeypatch, mammo):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)

    def say(*arguments: object) -> tuple[int, str]:
        code, out, error = mammo("account", *map(str, arguments))
        return code, out + error

    return say


@pytest.fixture
def private(run, tmp_path):
    path = tmp_path / "mammo.pem"
    code, told = run("make-key", path)
    assert code == 0
    (tmp_path / "spe.jwk").write_text(told)
    return path


def add(run, private, *more):
    return run("add", "spe-norr", private.with_name("spe.jwk"), "--name", "SPE of Norr", *more)


def test_a_key_is_drawn_and_only_its_public_half_is_shown(run, private):
    shown = json.loads(private.with_name("spe.jwk").read_text())
    assert set(shown) == {"kty", "crv", "x", "y"}
    assert private.stat().st_mode & 0o077 == 0
    code, said = run("make-key", private)
    assert (code, "FileExistsError" in said) == (2, True)


def test_an_account_is_registered_listed_and_revoked(run, hub, private):
    name = ECKey.import_key(private.read_bytes()).thumbprint()
    assert add(run, private, "--until", "2099-06-30") == (
        0,
        f"spe-norr is let in until 2099-06-30, with key {name}\n",
    )
    code, said = run("list")
    first, second = said.splitlines()
    assert (code, first.split()) == (0, ["spe-norr", "until", "2099-06-30", "SPE", "of", "Norr"])
    assert second.split()[0] == name
    assert second.endswith(f"{who()}, in use")
    assert run("revoke", "spe-norr", "--key", name) == (0, "revoked\n")
    assert run("revoke", "spe-norr") == (0, "revoked\n")
    assert run("revoke", "spe-norr") == (0, "it was revoked already\n")
    assert run("list")[1].count("revoked") == 2
    assert [line.action for line in audit.entries(hub.catalogue)] == [
        *("add-account", "revoke-key", "revoke-account")
    ]


def test_one_that_is_over_is_shown_as_ended(run, private):
    add(run, private, "--until", "2020-01-01")
    assert "ended 2020-01-01" in run("list")[1]


def test_its_bucket_is_shown_and_stays_when_a_key_is_added(run, private):
    add(run, private, "--bucket", "spe-norr-data")
    add(run, private)
    assert "SPE of Norr, bucket spe-norr-data" in run("list")[1]


def test_there_may_be_none(run):
    assert run("list") == (0, "there are no service accounts\n")
    assert run("revoke", "spe-norr") == (1, "mammo: no such thing\n")


def test_an_environment_signs_by_itself(mammo, private):
    code, out, _ = mammo("account", "assertion", "spe-norr", "--key-file", str(private))
    key = ECKey.import_key(private.read_bytes())
    read = jwt.decode(out.strip(), key, algorithms=["ES256"])
    assert code == 0
    assert read.header == {
        "alg": "ES256",
        "kid": key.thumbprint(),
        "typ": "client-authentication+jwt",
    }
    assert (read.claims["iss"], read.claims["aud"]) == ("spe-norr", "urn:mammo:api")


@pytest.mark.parametrize("spoil", ["others", "gone", "no key"])
def test_a_key_that_cannot_be_trusted_signs_nothing(mammo, private, spoil):
    if spoil == "others":
        private.chmod(0o640)
    elif spoil == "gone":
        private.unlink()
    else:
        private.write_text("x")
    code, out, _ = mammo("account", "assertion", "spe-norr", "--key-file", str(private))
    assert code
    assert out == ""


def test_a_private_key_is_not_registered(run, private, tmp_path):
    key = ECKey.import_key(private.read_bytes())
    path = tmp_path / "wrong.jwk"
    path.write_text(json.dumps(key.as_dict(private=True)))
    code, said = run("add", "spe-norr", path, "--name", "x")
    assert code == 1
    assert "no public key" in said
    assert str(key.as_dict(private=True)["d"]) not in said


class Hub(BaseHTTPRequestHandler):
    """Answers as `POST /token` does, and remembers what it was asked."""

    asked: ClassVar[list[dict[str, str]]] = []
    answer: ClassVar[tuple[int, bytes]] = (200, b"")

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        Hub.asked.append(dict(parse_qsl(self.rfile.read(length).decode())))
        status, body = Hub.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def asking(mammo, private):
    Hub.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        key = ("--key-file", private)
        yield lambda *more: mammo("account", "token", "spe-norr", *key, "--api", url, *more)
        server.shutdown()


TOLD = {"access_token": "mammo_spe_x", "token_type": "Bearer", "expires_in": 600}


def test_an_environment_gets_a_token(asking, private):
    Hub.answer = (200, json.dumps(TOLD).encode())
    assert asking() == (0, "mammo_spe_x\n", "")
    assert json.loads(asking("--json")[1]) == TOLD
    form = Hub.asked[0]
    signed = form.pop("client_assertion")
    assert jwt.decode(signed, ECKey.import_key(private.read_bytes())).claims["sub"] == "spe-norr"
    assert form == {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, b'{"error": "invalid_client"}'), "a clock is wrong"),
        ((429, b'{"status": 429}'), "refuses it (429)"),
        ((200, b"{}"), "refuses it (200)"),
        ((200, b"[1]"), "refuses it (200)"),
        ((502, b"<html>"), "does not answer: JSONDecodeError"),
    ],
)
def test_a_refusal_is_told_and_is_no_token(asking, answer, said):
    Hub.answer = answer
    code, out, error = asking()
    assert (code, out) == (1, "")
    assert said in error


def test_an_assertion_does_not_travel_in_the_open(mammo, private):
    key = ("--key-file", private)
    code, out, error = mammo("account", "token", "spe-x", *key, "--api", "http://hub.example.org")
    assert (code, out) == (2, "")
    assert "https" in error


def test_a_file_that_is_none_or_no_text_is_said(run, tmp_path):
    (tmp_path / "key.der").write_bytes(b"\x30\x82\xff\xfe")
    assert run("add", "spe-norr", tmp_path / "none", "--name", "x")[0] == 2
    code, said = run("add", "spe-norr", tmp_path / "key.der", "--name", "x")
    assert (code, "no public key" in said) == (1, True)
