"""oidc-provider of npm, as a process: installed once from its lock file, outside the clone."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
from joserfc.jwk import Key

from tests.access_api.issuer import AUDIENCE
from tests.flows.sources.peers import wait_for
from tests.full.servers import needed
from tests.servers import free_ports

HERE = Path(__file__).with_name("oidc")
SECRET = "a secret of the tests, long enough"
BACK = "http://127.0.0.1:9/back"


def installed() -> Path:
    """Install what the lock file names, once; return where. `npm ci` checks every digest."""
    lock = (HERE / "package-lock.json").read_bytes()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(os.environ.get("MAMMO_CACHE") or Path(home) / "mammo-dataspace")
    place = cache / "oidc-provider" / hashlib.sha256(lock).hexdigest()[:16]
    if not (place / "installed").exists():
        place.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place / name)
        command = [needed("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)
        (place / "installed").touch()
    shutil.copy(HERE / "provider.mjs", place / "provider.mjs")
    return place


@dataclass
class NodeProvider:
    """A provider that is started with keys, and again with others."""

    algorithm: str
    claims: dict[str, Any] = field(default_factory=lambda: {"roles": ["researcher"]})
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self, *keys: Key) -> Iterator[None]:
        """Run it; it signs with the first of the keys."""
        told = {
            "port": self.port,
            "jwks": {"keys": [key.as_dict(private=True) for key in keys]},
            "alg": self.algorithm,
            "secret": SECRET,
            "back": BACK,
            "audience": AUDIENCE,
            "claims": self.claims,
        }
        place = installed()
        command = [needed("node"), "provider.mjs", json.dumps(told)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, cwd=place, **quiet) as process:  # type: ignore[call-overload]
            try:
                wait_for(self.port, process)
                yield
            finally:
                process.terminate()

    def program_s_token(self) -> str:
        """Give a token as a program gets it (client credentials)."""
        told = {"grant_type": "client_credentials", "scope": "mammo"}
        return str(self._token("program", told)["access_token"])

    def person_s_tokens(self, name: str) -> dict[str, Any]:
        """Sign in as somebody, as a browser and a portal do; give access token and ID token."""
        asked = {
            "client_id": "portal",
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "openid mammo",
            "nonce": "n1",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }
        with httpx.Client(base_url=self.issuer, follow_redirects=False) as browser:
            answer = browser.get("/auth", params=asked)
            for form in (
                {"prompt": "login", "login": name, "password": "x"},
                {"prompt": "consent"},
            ):
                page = self._follow(browser, answer)
                answer = browser.post(page, data=form)
            back = self._follow(browser, answer)
        (code,) = parse_qs(urlsplit(back).query)["code"]
        told = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        }
        return self._token("portal", told)

    def _follow(self, browser: httpx.Client, answer: httpx.Response) -> str:
        """Follow redirects up to a page that asks something, or back to the portal."""
        while True:
            assert answer.is_redirect, answer.text
            url = urljoin(str(answer.url), answer.headers["location"])
            if url.startswith(BACK) or "/interaction/" in url:
                return url
            answer = browser.get(url)

    def _token(self, client: str, told: dict[str, str]) -> dict[str, Any]:
        answer = httpx.post(f"{self.issuer}/token", data=told, auth=(client, SECRET))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
