"""What each party could do that was lost or turned: the region's disk, the third party, the hub.

The attacker has the full list of numbers that the women may have: every valid one of women born
in six weeks, the real ones among them. A guess counts as a mapping when it gives what the hub
stores. Each attack has its counterpart, which shows that the test would see a mapping: with what
the other party holds, the same code maps them all.
"""

import base64
import dataclasses
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from catalog import database
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.ledger import Ledger
from deid.identity.numbers import luhn
from flows import deidentifier
from flows.errors import KeyServiceBusyError
from flows.keys import key_file, sides
from flows.keys.key_file import OWN_ROOTS, create
from flows.keys.key_service import KeyService
from flows.keys.pseudonyms import edge_digest, token
from flows.keys.third_party import TransitPseudonyms
from tests.flows.conftest import DECISION
from tests.flows.making import put, registered, walked
from tests.objects import IDENTITY, INSTANCE, SERIES, STUDY, mammogram, part10

BORN, DAYS = date(1957, 2, 20), 40
LOGINS, REQUESTS = 2, 3
LARGEST = 8192 // 57  # digests in one request: infra/openbao/server.hcl's max_request_size


def candidates() -> list[str]:
    """Give every valid personnummer of a woman born in these weeks."""
    found = []
    for day in (BORN + timedelta(days=number) for number in range(DAYS)):
        for serial in range(1000):
            if serial % 2 == 0:  # the third digit is even for women
                nine = f"{day:%y%m%d}{serial:03d}"
                ten = next(nine + str(digit) for digit in range(10) if luhn(nine + str(digit)))
                found.append(f"{day:%Y}{ten[2:]}")
    return found


CANDIDATES = candidates()
# Birth number 980, of the Tax Agency's test numbers: on the first day, one between, and the last.
WOMEN = (CANDIDATES[490], CANDIDATES[10490], CANDIDATES[-10])


@dataclasses.dataclass(repr=False)
class Space:
    """A region, a third party and a hub after an ingest, and where each keeps what it has.

    Attributes:
        disk: The region's: key file, ledger, landing, its certificate for the third party.
        hub: The hub's database and all that is stored, as bytes.
        pseudonyms: Of the women, as the hub stores them.
    """

    keys: sides.RegionKeys
    disk: Path
    hub: bytes
    pseudonyms: frozenset[str]
    third_party: KeyService

    def oracle(self, digests: list[bytes]) -> list[bytes]:
        """Re-key without a quota, as only the owner of the third party's key can."""
        some = [digests[at : at + LARGEST] for at in range(0, len(digests), LARGEST)]
        return [made for one in some for made in self.third_party.rekey(one).digests]


@pytest.fixture
def space(key_service, region, sqlite_databases, export_folder, tmp_path) -> Iterator[Space]:
    disk = tmp_path / "disk"
    create(disk / "region.key", OWN_ROOTS)
    generous = key_service.enter("region-norr", requests=100_000)
    service = KeyService(generous)
    ledger = database.connect(sqlite_databases("ledger"))

    def connect(edge: bytes) -> TransitPseudonyms:
        return TransitPseudonyms(service, edge, marks=Everything())

    held = sides.keys_with_third_party(disk / "region.key", "openbao", connect)
    parts = dataclasses.replace(region, keys=held, ledger=Ledger(ledger, LedgerKey(held.ledger())))
    for number, woman in enumerate(WOMEN, 1):
        identity = {
            "PatientID": f"{woman[:8]}-{woman[8:]}",
            "PatientBirthDate": woman[:8],
            "AccessionNumber": f"PROV230000{number}",
            "StudyInstanceUID": f"{STUDY}.{number}",
            "SeriesInstanceUID": f"{SERIES}.{number}",
            "SOPInstanceUID": f"{INSTANCE}.{number}",
        }
        put(export_folder, part10(mammogram(**(IDENTITY | identity))), start=number)
    tally = walked(parts, deidentifier.load(held), registered(parts, export_folder, DECISION))
    assert tally.counts == {"ADMITTED": 3}
    with parts.publisher._engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT pseudonym FROM subject").scalars()
        pseudonyms = frozenset(stored)
    hub = Path(parts.publisher._engine.url.database).read_bytes()
    hub += b"".join(b"".join(parts.clean.get(key)) for key in parts.clean.keys("prov/"))
    (disk / "ledger.sqlite").write_bytes(Path(ledger.url.database).read_bytes())
    yield Space(held, disk, hub, pseudonyms, service)
    service.close()
    ledger.dispose()


class Everything(dict):
    def same(self, name: str, mark: str) -> bool:
        return self.setdefault(name, mark) == mark


def guesses(number: str) -> Iterator[bytes]:
    """Give what somebody without a key may take for the edge's digest of a number."""
    for written in (
        number,
        number[2:],
        f"{number[:8]}-{number[8:]}",
        f"{number[2:8]}-{number[8:]}",
    ):
        plain = written.encode()
        yield plain
        for name in ("md5", "sha1", "sha256", "sha512"):
            digest = hashlib.new(name, plain).digest()
            yield digest
            yield digest.hex().encode()


def test_the_list_of_candidates_holds_the_women():
    assert len(CANDIDATES) == 20_000
    assert set(WOMEN) < set(CANDIDATES)


def test_the_hub_alone_maps_nobody(space):
    """It has no step of the two: no guess gives a pseudonym, and nothing stored shows a number."""
    stored = raw(space.pseudonyms)
    assert all(pseudonym.encode() in space.hub for pseudonym in space.pseudonyms)
    numbers = re.findall(rb"(?=(\d{8}-?\d{4}|\d{6}-?\d{4}))", space.hub)
    written = {number.replace(b"-", b"") for number in numbers}
    assert written.isdisjoint(one.encode() for number in CANDIDATES for one in (number, number[2:]))
    assert stored.isdisjoint(guess[:16] for number in CANDIDATES for guess in guesses(number))
    # What it could take for a key: its own, or whatever it finds.
    for key in (*(one.encode() for one in space.pseudonyms), b"", bytes(32)):
        assert not mapped(key, key, space.pseudonyms)
        assert stored.isdisjoint(edge_digest(key, number)[:16] for number in CANDIDATES)


def test_the_third_partys_key_alone_maps_nobody(space):
    """Its owner can re-key whatever she likes, but makes no edge digest of a number.

    What a turned third party sees is the digests that regions send. Without the edge's key none
    of the candidates gives one; it learns how often a digest comes back, and from which region.
    """
    seen = {edge_digest(edge_key(space), woman) for woman in WOMEN}
    assert {token(one) for one in space.oracle(list(seen))} == space.pseudonyms
    for number in CANDIDATES:
        assert seen.isdisjoint(guesses(number))
    made = space.oracle([number.encode() for number in CANDIDATES])
    assert space.pseudonyms.isdisjoint(map(token, made))
    made = space.oracle([edge_digest(edge_key(space), number) for number in CANDIDATES])
    pairs = zip(CANDIDATES, map(token, made), strict=True)
    assert {number for number, one in pairs if one in space.pseudonyms} == set(WOMEN)


def test_the_regions_disk_alone_maps_nobody(space):
    """It makes every edge digest, and no pseudonym: those take the third party.

    It can read its own ledger, whose key lies beside it: paths, accession numbers and UIDs of
    what this region itself delivered. The ledger holds no number of a person and no pseudonym.
    """
    own = key_file.load(space.disk / "region.key", key_file.OWN_ROOTS, no_other=True)
    ledger = (space.disk / "ledger.sqlite").read_bytes()
    for held in (ledger, (space.disk / "region.key").read_bytes()):
        assert not any(pseudonym.encode() in held for pseudonym in space.pseudonyms)
        assert not any(woman.encode() in held for woman in WOMEN)
    for key in (own.current("edge"), own.current("region"), space.keys.date, space.keys.ledger()):
        assert not mapped(key, own.current("edge"), space.pseudonyms)
        assert raw(space.pseudonyms).isdisjoint(edge_digest(key, one)[:16] for one in CANDIDATES)


def test_the_quota_stops_a_stolen_disk_with_its_certificate(key_service, space):
    """Whoever holds both may ask, as the region may: so many an hour, and each is in the audit."""
    stolen = key_service.enter("region-stulen", logins=LOGINS, requests=REQUESTS)
    before = len(key_service.audited())
    thief = KeyService(stolen, sleep=lambda _seconds: None)
    edge, tried = edge_key(space), {}

    def steal() -> None:
        for start in range(len(tried), len(CANDIDATES), LARGEST):
            some = CANDIDATES[start : start + LARGEST]
            digests = thief.rekey([edge_digest(edge, one) for one in some]).digests
            tried.update(zip(some, map(token, digests), strict=True))

    for _ in range(2):
        with pytest.raises(KeyServiceBusyError, match="quota"):
            steal()
    thief.close()
    assert len(tried) == LOGINS * REQUESTS * LARGEST < len(CANDIDATES) / 20
    found = {number for number, one in tried.items() if one in space.pseudonyms}
    assert found == {WOMEN[0]}  # she is among the first of the list: that much a thief may learn
    entries = key_service.audited()[before:]
    asked = [
        one
        for one in entries
        if one["type"] == "request"
        and one["request"]["path"] == "transit/hmac/people/sha2-256"
        and one["auth"].get("display_name") == "cert-region-stulen"
        and not one.get("error")
    ]
    assert sum(len(one["request"]["data"]["batch_input"]) for one in asked) == len(tried)
    assert any("quota" in one.get("error", "") for one in entries)
    text = json.dumps(entries)
    for number in list(tried)[::7]:
        assert number not in text
        assert base64.b64encode(edge_digest(edge, number)).decode() not in text


def edge_key(space: Space) -> bytes:
    return key_file.load(space.disk / "region.key", key_file.OWN_ROOTS).current("edge")


def raw(pseudonyms: frozenset[str]) -> frozenset[bytes]:
    """Give what pseudonyms are written from: half of a digest."""
    return frozenset(base64.b32decode(f"{one}======") for one in pseudonyms)


def mapped(third_party: bytes, edge: bytes, pseudonyms: frozenset[str]) -> set[str]:
    """Give the candidates whose pseudonym, with these two keys, is one of those stored."""
    stored = raw(pseudonyms)
    return {
        number
        for number in CANDIDATES
        if hmac.digest(third_party, edge_digest(edge, number), "sha256")[:16] in stored
    }
