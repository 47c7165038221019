"""OpenID Connect providers for tests: Authlib's server on a real socket, and what else may answer.

The server issues access tokens of RFC 9068, by client credentials. What it says at any of its
paths can be replaced, as by a provider that is broken, or not who it was.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.models import ClientMixin
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

from access_api.identity.provider import WELL_KNOWN
from tests.access_api.issuer import AUDIENCE
from tests.servers import free_ports

SECRET = "a client's secret"
KEYS, TOKEN = "/keys", "/token"


class Client(ClientMixin):  # type: ignore[misc]
    """Whoever asks, by the name they give."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_client_id(self) -> str:
        return self.name

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, *_: object) -> bool:
        return method == "client_secret_basic"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == ClientCredentialsGrant.GRANT_TYPE


class Provider:
    """A provider that can be watched, rotated, broken and stopped.

    Attributes:
        keys: Those it publishes; it signs with the first.
        claims: What its tokens say beside the usual.
        instead: By path: what it answers instead.
        asked: Every path that was asked, in order.
    """

    def __init__(self, tls: tuple[str, str] | None = None) -> None:
        """Make one that does not run yet; `tls`: files of its certificate and key."""
        self._tls = tls
        self.keys = [self.new_key("k1")]
        self.claims: dict[str, Any] = {"roles": ["researcher"]}
        self.instead: dict[str, Any] = {}
        self.asked: list[str] = []
        self._app = flask.Flask("provider")
        self._port = free_ports(1)[0]
        self.issuer = f"http{'s' if tls else ''}://127.0.0.1:{self._port}"
        self._app.before_request(self._watch)
        self._app.get(WELL_KNOWN)(self._discovery)
        self._app.get(KEYS)(self._keys)
        self._authorization = self._issuing()
        self._app.post(TOKEN)(self._authorization.create_token_response)

    @staticmethod
    def new_key(kid: str) -> RSAKey:
        return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})

    def rotate(self, kid: str, *, keep: bool) -> None:
        """Sign with a new key; publish the old one too, or no more."""
        self.keys = [self.new_key(kid), *(self.keys if keep else [])]

    def token(self, name: str = "anna") -> str:
        """Ask for a token as any client does."""
        with self._app.test_client() as client:
            answer = client.post(
                self.issuer + TOKEN,
                auth=(name, SECRET),
                data={"grant_type": "client_credentials", "scope": "mammo"},
            )
        assert answer.status_code == 200, answer.text
        self.asked.remove(TOKEN)
        return str(answer.get_json()["access_token"])

    def _issuing(self) -> AuthorizationServer:
        provider = self

        class Generator(JWTBearerTokenGenerator):  # type: ignore[misc]
            def get_jwks(self) -> KeySet:
                return KeySet([provider.keys[0]])

            def get_audiences(self, *_: object) -> str:
                return AUDIENCE

            def get_extra_claims(self, *_: object) -> dict[str, Any]:
                return provider.claims

        made = AuthorizationServer(self._app, query_client=Client, save_token=lambda *_: None)
        made.register_grant(ClientCredentialsGrant)
        made.register_token_generator("default", Generator(issuer=self.issuer))
        return made

    def _watch(self) -> Any:
        path = flask.request.path
        self.asked.append(path)
        return self.instead.get(path)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "jwks_uri": self.issuer + KEYS,
            "token_endpoint": self.issuer + TOKEN,
        }

    def _keys(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    @contextmanager
    def running(self) -> Iterator["Provider"]:
        server = make_server(
            "127.0.0.1", self._port, self._app, threaded=True, ssl_context=self._tls
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)
