"""Who owns the hub learns and runs nothing in a region; who owns a region, nothing of another.

Real servers on both sides: Prefect, store, database, intake.
"""

import base64
import hashlib
import io
import json
import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from minio.error import S3Error

from catalog.arrivals.records import OrderKind
from catalog.arrivals.regions import key_id
from catalog.arrivals.wire import study_message
from flows.intake.keys import load_key, make_key
from flows.orders.wire import CONTEXT
from tests.e2e.apart import Apart, forms, objects
from tests.intake.caller import Caller
from tests.intake.making import draft_of, ours
from tests.objects import mammogram, secrets_of

BUCKETS = ("mammo-arrivals", "mammo-clean", "mammo-releases")
ASKED = ("deployments", "work_pools", "automations", "variables", "block_documents", "flows")
RUN = """
import os, sys, pathlib
pathlib.Path(sys.argv[1]).write_text("\\n".join(os.environ))
"""


def state_of(apart: Apart) -> dict[str, object]:
    """Give all that an order or a run could change in the region."""
    with apart.prefect(apart.region) as server:
        told: dict[str, object] = {
            what: sorted(one["id"] for one in server.post(f"{what}/filter", json={}).json())
            for what in ASKED
        }
        runs = server.post("flow_runs/filter", json={}).json()
    told["runs"] = sorted(run["name"] for run in runs if run["auto_scheduled"] is False)
    ledger = apart.rows(apart.region / "region" / "ledger.sqlite", "received_order")
    landing = apart.region / "region" / "landing"
    kept = objects(apart.store(apart.region, "MAMMO_REGION"), "mammo-quarantine")
    told["files"] = sorted(str(path) for path in landing.rglob("*") if path.suffix == ".dcm")
    told["kept"] = sorted(kept)
    told["rows"] = {name: len(rows) for name, rows in ledger.items()}
    return told


def ask(server: httpx.Client, method: str, route: str, body: dict[str, object]) -> httpx.Response:
    for _ in range(30):
        answer = server.request(method, route, json=body)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # its database is busy
            break
        time.sleep(1)
    assert answer.is_success, answer.text[:500]
    return answer


def post(server: httpx.Client, route: str, /, **body: object) -> Any:
    return ask(server, "POST", route, body).json()


def deployed(server: httpx.Client, pool: str, command: str) -> str:
    """Make a deployment in the hub's server whose runs are an attacker's command."""
    flow = post(server, "flows/", name="ingest")
    variables = {"command": command, "env": {"X": "1"}}
    made = post(
        server,
        "deployments/",
        name=f"x-{pool}",
        flow_id=flow["id"],
        work_pool_name=pool,
        entrypoint="x.py:x",
        path="/",
        pull_steps=[],
        job_variables=variables,
    )
    run = post(server, f"deployments/{made['id']}/create_flow_run", state={"type": "SCHEDULED"})
    return str(run["id"])


def test_a_turned_hubs_prefect_runs_nothing_in_a_region(
    apart: Apart, delivered: str, tmp_path: Path
) -> None:
    before, marks = state_of(apart), {pool: tmp_path / pool for pool in ("hub", "region")}
    with apart.prefect(apart.hub) as server:
        under_way = {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}
        for one in post(server, "flow_runs/filter", flow_runs=under_way):  # the worker's places
            stop = {"type": "CANCELLING", "name": "Cancelling"}
            post(server, f"flow_runs/{one['id']}/set_state", state=stop, force=True)
        post(server, "work_pools/", name="region", type="process")
        for pool, mark in marks.items():
            command = shlex.join([sys.executable, "-c", RUN, str(mark)])
            run = deployed(server, pool, command)
        post(server, "variables/", name="mammo_region_webhook_url", value="http://127.0.0.1:1/")
        (found,) = post(
            server,
            "deployments/filter",
            deployments={"name": {"any_": ["hub"]}},
            work_pools={"name": {"any_": ["hub"]}},
        )
        changed: dict[str, object] = {
            "parameters": {"seconds": 1},
            "path": "/",
            "entrypoint": "x.py:x",
        }
        ask(server, "PATCH", f"deployments/{found['id']}", changed)
        trigger = {"type": "event", "posture": "Reactive", "threshold": 1, "within": 0}
        act = {"type": "run-deployment", "source": "selected", "deployment_id": found["id"]}
        wide = {**trigger, "expect": ["*"], "match": {}, "for_each": []}
        rule = {"name": "mammo: x", "trigger": {**wide, "expect": ["x"]}, "actions": [act]}
        post(server, "automations/", **rule)
        until = time.monotonic() + 150
        while not marks["hub"].exists() and time.monotonic() < until:
            time.sleep(0.5)
        state = server.get(f"flow_runs/{run}").json()["state_type"]
    ran = marks["hub"].read_text()  # the hub's own worker obeys: the attack works where it can
    assert "MAMMO_ARRIVALS_CATALOGUE_URL" in ran
    assert "MAMMO_REGION" not in ran
    assert not marks["region"].exists()
    assert state == "SCHEDULED"
    assert state_of(apart) == before


def test_the_logins_of_one_side_open_nothing_of_the_others(apart: Apart, delivered: str) -> None:
    for mine, other, name in (
        (apart.hub, apart.region, "hub-prefect"),
        (apart.region, apart.hub, "region"),
    ):
        user, _, password = apart.told(mine, name)["PREFECT_API_AUTH_STRING"].partition(":")
        for login in ((user, password), ("mammo", ""), ("", "")):
            with apart.prefect(other, login) as server:
                assert server.post("flow_runs/filter", json={}).status_code == 401
    for client, buckets in (
        (apart.store(apart.hub, "MAMMO_ADMIN", apart.region), ("mammo-quarantine",)),
        (apart.store(apart.region, "MAMMO_REGION", apart.hub), BUCKETS),
        (apart.store(apart.region, "MAMMO_ADMIN", apart.hub), BUCKETS),
    ):
        for bucket in buckets:
            with pytest.raises(S3Error, match="InvalidAccessKeyId"):
                list(client.list_objects(bucket))
            with pytest.raises(S3Error, match="InvalidAccessKeyId"):
                client.put_object(bucket, "prov/x", io.BytesIO(b"x"), 1)


def signed(key: Ed25519PrivateKey, sequence: int, **said: object) -> tuple[str, str]:
    """Write an order as the hub would, and sign it with a key."""
    now = datetime.now(UTC).replace(microsecond=0)
    told = {
        "version": 1,
        "id": f"{sequence:032x}",
        "region": "norr",
        "sequence": sequence,
        "kind": "ERASE",
        "issued": now.isoformat().replace("+00:00", "Z"),
        "expires": (now + timedelta(9)).isoformat().replace("+00:00", "Z"),
        "studies": [ours(1)],
        "case": "7",
    } | said
    body = json.dumps(told)
    return body, base64.b64encode(key.sign(CONTEXT + body.encode())).decode()


def enter(apart: Apart, sequence: int, body: str, signature: str) -> None:
    """Write an order into the hub's database, as its owner can."""
    now = datetime.now(UTC).replace(tzinfo=None)
    row = ("norr", sequence, OrderKind.ERASE.value, body, signature, "x", now, now)
    columns = "region_id, sequence, kind, body, signature, issued_by, issued_at, expires_at"
    with sqlite3.connect(apart.catalogue, timeout=30) as opened:
        opened.execute(f"INSERT INTO issued_order ({columns}) VALUES (?,?,?,?,?,?,?,?)", row)


def test_orders_that_the_hubs_owner_writes_are_turned_away(
    apart: Apart, delivered: str, tmp_path: Path
) -> None:
    honest = tmp_path / "order.pem"
    (apart.region / "region" / "hub-orders.pub").write_text(make_key(honest))
    (tmp_path / "uids").write_text(f"{ours(1)}\n")
    named = ("--key", str(honest), "--case", "7")
    apart.mammo("orders", "issue", "norr", "ERASE", str(tmp_path / "uids"), *named)
    assert apart.mammo("orders", "fetch").endswith("1 new order, 0 turned away\n")
    before, thief = state_of(apart), Ed25519PrivateKey.generate()
    with sqlite3.connect(apart.catalogue) as opened:
        asked = "SELECT body, signature FROM issued_order"
        body, signature = opened.execute(asked).fetchone()
    wrong = [
        signed(thief, 2),
        signed(thief, 3, kind="RUN", command="touch /tmp/x"),
        signed(load_key(honest), 4, region="soder"),
        signed(load_key(honest), 5, studies=["../../x; rm -rf /"]),
        (body.replace('"ERASE"', '"TRACE_BACK"'), signature),
        (body, signature),
        ("{}", ""),
    ]
    for sequence, (written, claimed) in enumerate(wrong, 2):
        enter(apart, sequence, written, claimed)
    said = apart.mammo("orders", "fetch")
    assert said.splitlines()[-1] == f"0 new orders, {len(wrong)} turned away"
    assert apart.mammo("orders", "list").count("ERASE") == 1
    assert state_of(apart) == before


def test_nothing_of_a_hub_says_who_anybody_is(apart: Apart, delivered: str, export: Path) -> None:
    """Every file of the hub's side - databases, Prefect, logs, store - and every object in it."""
    known = mammogram(PatientComments="Provström Åsa 19570312-9808")
    needles = {form: one for one in secrets_of(known) for form in forms(one)}
    needles |= dict.fromkeys(forms(str(export)), "export")
    needles |= {b"PROV100001": "accession", b"PROV200001": "accession"}
    # What a holder is called stands in the catalogue, where an operator entered it.
    needles = {form: one for form, one in needles.items() if one != "Provsjukhuset"}
    files = [path for path in apart.hub.rglob("*") if path.is_file()]
    all_of = [path.read_bytes() for path in files]
    for bucket in BUCKETS:
        all_of += objects(apart.store(apart.hub, "MAMMO_ADMIN"), bucket).values()
    assert sum(map(len, all_of)) > 1_000_000
    for form, one in needles.items():
        assert not any(form in content for content in all_of), one
    shown = b"".join(path.read_bytes() for path in export.iterdir())
    assert sum(form in shown for form in needles) > 8  # the search can find


@pytest.fixture(scope="module")
def thief(
    apart: Apart, delivered: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Caller]:
    """Region Söder's key, registered at the hub, in the wrong hands."""
    path = tmp_path_factory.mktemp("thief") / "soder.pem"
    public = make_key(path)
    apart.mammo("catalog", "add-holder", "annat", "Annat sjukhus", "--region", "soder")
    apart.mammo("regions", "add-key", "soder", public)
    told = apart.told(apart.hub, "intake")
    authority = told["MAMMO_INTAKE_AUTHORITY"]
    hub = SimpleNamespace(
        ca=apart.hub / "hub" / "ca.pem",
        url=f"https://{authority}",
        settings=SimpleNamespace(authority=authority),
    )
    caller = Caller(hub, path)  # type: ignore[arg-type]  # as much of a Hub as it asks
    yield caller
    caller.client.close()


def published(apart: Apart) -> dict[str, str]:
    """What Region Norr has published of one image; its thief is supposed to know it all."""
    asked = """SELECT study_uid, series_uid, sop_uid, pseudonym, v.* FROM instance i
        JOIN series r ON i.series_id = r.id JOIN study s ON i.study_id = s.id
        JOIN subject p ON s.subject_id = p.id JOIN revision v ON v.instance_id = i.id LIMIT 1"""
    with sqlite3.connect(apart.catalogue) as opened:
        opened.row_factory = sqlite3.Row
        return dict(opened.execute(asked).fetchone())


def attempts(of: dict[str, str]) -> list[tuple[str, str, bytes, object]]:
    subject = of["pseudonym"]
    digests = {name: of[name] for name in ("header_sha256", "pixel_sha256")}
    known = {"version": 1, "sop_uid": of["sop_uid"], **digests}
    held = {"version": 1, "sop_uid": of["sop_uid"], "kind": "WITHDRAWN"}
    theirs = (of["study_uid"], of["series_uid"], of["sop_uid"])
    merge = {"version": 1, "merge": {"old": subject, "new": "B" * 26, "weeks": 1}}

    def told(value: object) -> bytes:
        return json.dumps(value).encode()

    return [
        ("PUT", f"/objects/prov/{hashlib.sha256(b'x').hexdigest()}", b"x", 404),
        ("HEAD", f"/objects/prov/{of['sha256']}", b"", 404),
        ("GET", f"/objects/annat/{of['sha256']}", b"", 405),
        ("DELETE", f"/objects/annat/{of['sha256']}", b"", 405),
        ("HEAD", f"/objects/annat/{of['sha256']}", b"", 404),
        ("GET", "/holders/prov", b"", 404),
        ("POST", "/arrivals", study_message(draft_of("norr", "prov", subject, *theirs)), 404),
        ("POST", "/standing", told(known), {"standing": "NEW"}),
        ("POST", "/holds", told({"version": 1, "subject": subject, "kind": "PROTECTED"}), 200),
        ("POST", "/instance-holds", told({**held, "holder_id": "prov"}), 404),
        ("POST", "/instance-holds", told({**held, "holder_id": "annat"}), {"placed": False}),
        ("POST", "/merges", told(merge), 404),
        ("GET", "/orders?after=0", b"", {"orders": []}),
        ("POST", "/orders", b"{}", 405),
        ("POST", "/arrivals", study_message(draft_of("soder", "annat", subject, *theirs)), 202),
    ]


def test_one_who_owns_a_region_reads_and_changes_nothing_of_anothers(
    apart: Apart, thief: Caller
) -> None:
    skipped = ("access_log", "intake_nonce", "intake_usage", "arrival", "sqlite_sequence")
    store = apart.store(apart.hub, "MAMMO_ADMIN")
    before = apart.rows(apart.catalogue, *skipped), objects(store, "mammo-clean")
    tried = attempts(published(apart))
    for method, path, body, expected in tried:
        answer = thief.call(method, path, body)
        wanted = expected if isinstance(expected, int) else 200
        assert answer.status_code == wanted, (method, path, answer.text)
        if isinstance(expected, dict):
            assert answer.json() == expected, path
    apart.mammo("arrivals", "publish", side="hub")  # its deployment may have been changed above
    assert (apart.rows(apart.catalogue, *skipped), objects(store, "mammo-clean")) == before
    arrived = apart.rows(apart.catalogue)["arrival"]
    assert [row for row in arrived if "soder" in row and "PUBLISHED" in row] == []
    log = [
        row
        for row in apart.rows(apart.catalogue)["access_log"]
        if "'region:soder/" in str(row) and "'intake." in str(row)
    ]
    entered = [one for one in tried if one[3] != 405]  # of no route: nobody entered anywhere
    assert len(log) == len(entered)


def test_one_without_a_key_that_is_let_in_is_told_nothing(
    apart: Apart, thief: Caller, tmp_path: Path
) -> None:
    make_key(tmp_path / "mine.pem")
    stranger = Caller(thief.hub, tmp_path / "mine.pem")
    norr = apart.region / "secrets" / "intake.pub"
    raw = base64.b64decode(norr.read_text())
    for answer in (
        stranger.call("GET", "/holders/prov"),
        stranger.call("GET", "/holders/prov", key_id=key_id(raw)),  # under Region Norr's name
        thief.call("GET", "/holders/prov", key_id=key_id(raw)),
        thief.client.get("/holders/prov"),
    ):
        assert answer.status_code == 401
        assert "Provsjukhuset" not in answer.text
    stranger.client.close()
    assert httpx.get(f"http://127.0.0.1:{apart.base}/releases/x").status_code == 401
