"""One who owns the hub - database, store, intake, Prefect - learns and runs nothing in a region."""

import dataclasses
import json
import threading
from pathlib import Path

import pytest
import uvicorn
from sqlalchemy import MetaData, select

from catalog.arrivals.wire import StandingQuestion
from catalog.errors import CatalogError, StorageError
from catalog.records import Instance
from catalog.vocabulary import HoldKind
from flows.errors import FlowsError, IntakeRefusedError, SettingsError
from flows.intake.client import Address, Intake
from flows.intake.keys import load_key, make_key
from flows.intake.publisher import IntakePublisher
from flows.intake.store import IntakeStore
from flows.settings import RegionSettings
from flows.wiring import wire_delivery
from infra.credentials import load_credentials
from infra.environment import environments
from infra.ports import Ports
from tests.flows.conftest import DECISION
from tests.flows.making import counts, four_views, put, registered, walked
from tests.intake.conftest import checking
from tests.intake.making import draft_of, ours
from tests.objects import mammogram, secrets_of, with_private
from tests.objects import part10 as written
from tests.servers import free_ports


def all_rows(engine) -> bytes:
    found = MetaData()
    found.reflect(engine)
    with engine.connect() as connection:
        rows = [
            str(row) for table in found.tables.values() for row in connection.execute(select(table))
        ]
    return "\n".join(rows).encode()


def forms(secret: str) -> set[bytes]:
    codes = {secret.encode(code, "ignore") for code in ("utf-8", "latin-1", "utf-16-le")}
    return codes | {json.dumps(secret)[1:-1].encode()}


def test_nothing_that_the_hub_ever_received_says_who_she_is(
    hub, delivering, deidentify_with, export_folder
):
    """Every byte that came over its socket, its database, its stores and its logs."""
    canary = with_private(mammogram(PatientComments="Provström Åsa 19570312-9808"))
    put(export_folder, *four_views(), written(canary))
    # Other tests share the store, and some of them lay originals there.
    stores = {store: set(store.keys("")) for store in (hub.parts.clean, hub.parts.arrivals)}
    with checking(hub):
        export = registered(delivering, export_folder, DECISION)
        tally = walked(delivering, deidentify_with, export)
        delivering.publisher.hold("A" * 26, HoldKind.PROTECTED, reason="Provström", who="Åsa")
    assert counts(tally) == {"ADMITTED": 5}
    rows = all_rows(hub.engine)
    known = b"".join(hub.received) + rows + hub.log.getvalue().encode()
    for store, before in stores.items():
        mine = (key for key in store.keys("") if key not in before or key.encode() in rows)
        known += b"".join(b"".join(store.get(key)) for key in mine)
    assert len(known) > 1_000_000
    needles = {form: one for one in secrets_of(canary) for form in forms(one) if len(form) > 5}
    needles |= {str(export_folder).encode(): "path", b"PROV2300001": "accession"}
    # What a holder is called stands in the catalogue, where an operator entered it.
    needles.pop(b"Provsjukhuset", None)
    assert {one for form, one in needles.items() if form in known} <= {"Provsjukhuset"}
    exported = b"".join(path.read_bytes() for path in export_folder.iterdir())
    assert sum(form in exported for form in needles) > 8  # the search can find


def test_a_region_that_delivers_so_has_no_credential_of_the_hub(tmp_path):
    make_key(tmp_path / "intake.pem")
    told = {
        "landing": tmp_path,
        "key_file": tmp_path / "region.key",
        "ledger_url": "sqlite://",
        "s3_endpoint": "127.0.0.1:1",
        "s3_access_key": "region",
        "s3_secret_key": "x",
    }
    settings = RegionSettings(
        **told, intake_url="https://hub.example.org", intake_key_file=tmp_path / "intake.pem"
    )
    publisher, clean = wire_delivery(settings)
    assert (type(publisher), type(clean)) == (IntakePublisher, IntakeStore)
    for forbidden in (clean.keys, clean.get, clean.stat, clean.remove):
        with pytest.raises(StorageError):
            forbidden("prov/")
    for wrong in (
        RegionSettings(**told),
        RegionSettings(**told, intake_url="https://hub.example.org"),
    ):
        with pytest.raises(SettingsError, match="MAMMO_REGION_"):
            wire_delivery(wrong)


def test_no_credential_of_a_regions_prefect_lies_on_the_hubs_side(tmp_path):
    """Who may talk to a Prefect server runs code on its workers; the hub may not talk to it."""
    credentials = load_credentials(tmp_path)
    known = environments(tmp_path, Ports(31000), credentials)
    login = credentials.prefect.partition(":")[2]
    for side in (known.hub, known.api):
        said = json.dumps(dict(side))
        assert login not in said
        assert "PREFECT" not in said
        assert credentials.s3["region"].secret_key not in said
        assert "region.key" not in said
        assert "ledger" not in said
    assert login in json.dumps(dict(known.client))  # the search can find


HOSTILE = {
    "no JSON": (200, b"<html>"),
    "another kind": (200, b"[]"),
    "nothing": (200, b""),
    "deep": (200, b"[" * 100_000),
    "words for numbers": (200, b'{"standing":{},"number":"x","reason":7,"state":[],"id":"../x"}'),
    "strange reasons": (409, b'{"error":"SystemExit","reason":"__class__"}'),
    "doubts of strangers": (409, b'{"error":"ArrivalError","reason":"SUSPECT","doubts":[1]}'),
    "waits for ever": (200, b'{"state":"RECEIVED","id":"/../../orders?x="}'),
    "elsewhere": (302, b"{}"),
    "a fault": (500, b"{}"),
    "too many": (429, b"{}"),
    "a bomb": (200, b" " * (70 << 20)),
}


@pytest.fixture(scope="module")
def hostile_hub(authority):
    (port,) = free_ports(1)
    answers: dict[str, object] = {"now": (200, b""), "asked": []}

    async def app(scope, receive, send):
        answers["asked"].append(scope["raw_path"])
        status, body = answers["now"]
        headers = [(b"location", b"http://127.0.0.1:1/"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            ssl_keyfile=str(authority.key),
            ssl_certfile=str(authority.certificate),
            log_level="critical",
            log_config=None,
            lifespan="off",
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    yield f"https://127.0.0.1:{port}", answers
    server.should_exit = True
    thread.join(20)


def how(ask) -> str:
    """Tell with which error of ours something ended."""
    try:
        ask()
    except (CatalogError, FlowsError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("what", HOSTILE)
def test_whatever_the_hub_answers_a_region_raises_its_own_errors(
    hostile_hub, authority, tmp_path: Path, what
):
    url, answers = hostile_hub
    answers["now"] = HOSTILE[what]
    make_key(tmp_path / "a.pem")
    address = Address(url, load_key(tmp_path / "a.pem"), ca=authority.ca, patience=0.1)
    intake = Intake(address)
    publisher = IntakePublisher(intake)
    draft = draft_of("norr", "prov", "A" * 26, ours(1), ours(2), ours(3))
    new: Instance = draft.revisions[0].instance
    digests = ("1" * 64, "2" * 64)
    for ask in (
        lambda: publisher.holder("prov"),
        lambda: publisher.standing(new.sop_uid, *digests),
        lambda: publisher.contradiction(new, subject="A" * 26, holder_id="prov"),
        lambda: publisher.published_as(new.sop_uid, *digests, export_id="e"),
        lambda: publisher.publish(draft),
    ):
        said = how(ask)
        assert "__class__" not in said
        assert said or what in {"words for numbers", "nothing"}, what
    assert all(b".." not in path for path in answers["asked"])
    intake.close()


def test_a_hub_without_a_good_certificate_is_told_nothing(hostile_hub, tmp_path):
    url, answers = hostile_hub
    answers["asked"].clear()
    make_key(tmp_path / "a.pem")
    intake = Intake(Address(url, load_key(tmp_path / "a.pem")))
    with pytest.raises(IntakeRefusedError, match="certificates"):
        intake.ask("GET", "/holders/prov")
    assert answers["asked"] == []
    intake.close()


def test_what_is_asked_holds_no_free_words():
    """Every text of the wire's schema has a pattern, so that nothing can be said in passing."""
    from catalog.arrivals import wire

    schema = wire.StudyMessage.model_json_schema()
    texts = list(strings(schema)) + list(strings(StandingQuestion.model_json_schema()))
    assert len(texts) > 20
    assert all("pattern" in one or "const" in one or "enum" in one for one in texts)
    assert dataclasses.is_dataclass(Instance)


def strings(schema: object):
    if isinstance(schema, dict):
        if schema.get("type") == "string":
            yield schema
        for inner in schema.values():
            yield from strings(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from strings(inner)
