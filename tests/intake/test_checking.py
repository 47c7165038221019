"""The hub looks again: what a careless or turned region delivers is refused, and kept from all."""

import dataclasses
import hashlib
import io
import struct
import zlib

import pydicom
import pytest
from sqlalchemy import func, select

from catalog.arrivals import arrivals
from catalog.arrivals.records import ArrivalState, Doubt
from catalog.errors import ArrivalError, IntakeError, NotFoundError
from catalog.publishing.publish import CataloguePublisher
from catalog.tables import study
from deid.errors import DeidError
from deid.source import parse
from flows.arrivals.checking import is_ours
from flows.arrivals.pictures import is_plain
from flows.intake.publisher import IntakePublisher
from flows.intake.store import IntakeStore
from tests.flows.conftest import DECISION
from tests.flows.making import counts, put, registered, walked
from tests.intake.conftest import checking
from tests.intake.making import ours
from tests.objects import INSTANCE, mammogram, part10


@pytest.fixture
def databases(sqlite_databases):
    return sqlite_databases


class Noting(CataloguePublisher):
    def publish(self, draft):
        self.draft = draft
        return super().publish(draft)


MADE = {}


@pytest.fixture
def honest(in_process, deidentify_with, export_folder, s3):
    """A draft as an honest region makes it, and its bytes by key; nothing of it is at the hub."""
    if not MADE:
        MADE["by one"] = made(in_process, deidentify_with, export_folder)
    draft, stored = MADE["by one"]
    admin = s3.store("clean")
    for key in stored:
        admin.remove(key)
    return draft, stored


def made(region, deidentifier, folder):
    noting = Noting(region.publisher._engine)
    parts = dataclasses.replace(region, publisher=noting)
    put(folder, part10(mammogram()))
    assert counts(walked(parts, deidentifier, registered(parts, folder, DECISION)))
    draft = noting.draft
    return draft, {
        key: b"".join(parts.clean.get(key))
        for new in draft.every
        for key in (new.stored.key, *(one.key for one in new.previews))
    }


@pytest.fixture
def deliver(hub, tmp_path):
    """Deliver a draft with bytes, let the hub look, and give how it ended."""
    intake = hub.intake(hub.admit("norr", tmp_path), patience=5.0)

    def run(draft, stored):
        store = IntakeStore(intake)
        for new in draft.every:
            for one in (new.stored, *new.previews):
                data = stored.get(one.key)
                if data is not None:
                    store.put(one.key, io.BytesIO(data), len(data), one.sha256)
        with checking(hub):
            return IntakePublisher(intake).publish(draft)

    yield run
    intake.close()


def redone(new, data: bytes, **said):
    """Say of other bytes what an attacker would: all that can be reckoned from them."""
    try:
        pixels = parse(io.BytesIO(data)).pixels
        offset = len(data) if pixels is None else pixels.start
    except DeidError:
        offset = min(100, len(data))
    digest = hashlib.sha256(data).hexdigest()
    folder = new.stored.key.rpartition("/")[0]
    facts = {
        "key": f"{folder}/{digest}.dcm",
        "size": len(data),
        "sha256": digest,
        "header_sha256": hashlib.sha256(data[:offset]).hexdigest(),
        "pixel_sha256": hashlib.sha256(data[offset:]).hexdigest(),
        "pixel_offset": offset,
    } | said
    return dataclasses.replace(new, stored=dataclasses.replace(new.stored, **facts))


def rewritten(data: bytes, change) -> bytes:
    ds = pydicom.dcmread(io.BytesIO(data))
    change(ds)
    out = io.BytesIO()
    ds.save_as(out)
    return out.getvalue()


def private(ds):
    ds.private_block(0x0009, "SECTRA_Ident_01", create=True).add_new(0x01, "LO", "X1")


CHANGES = {
    "a personal number": lambda ds: setattr(ds, "PatientComments", "19570312-9808"),
    "a name": lambda ds: setattr(ds, "StudyDescription", "Anna Andersson"),
    "a person's name": lambda ds: setattr(ds, "OperatorsName", "Skötersson^Berit"),
    "a private element": private,
    "another woman": lambda ds: setattr(ds, "PatientID", "A" * 26),
    "a UID of a PACS": lambda ds: setattr(ds, "FrameOfReferenceUID", "1.2.826.0.1.1"),
    "no statement": lambda ds: delattr(ds, "PatientIdentityRemoved"),
    "no method": lambda ds: delattr(ds, "DeidentificationMethodCodeSequence"),
    "a birth date": lambda ds: setattr(ds, "PatientBirthDate", "19570312"),
    "a phone number": lambda ds: setattr(ds, "ImageComments", "tel 070-174 06 05"),
}
RAW = {
    "a preamble": (lambda data: b"19570312-9808" + data[13:], Doubt.IDENTIFIER),
    "bytes behind": (lambda data: data + b"19570312-9808", Doubt.IDENTIFIER),
    "no DICOM": (lambda _: b"Anna Andersson 19570312-9808" * 40, Doubt.UNREADABLE),
    "a half": (lambda data: data[: len(data) // 2], Doubt.UNREADABLE),
}


def refused(hub, deliver, draft, stored):
    with pytest.raises(ArrivalError) as caught:
        deliver(draft, stored)
    with hub.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(study)) == 0
    left = list(hub.parts.arrivals.keys(""))
    held = b"".join(b"".join(hub.parts.arrivals.get(key)) for key in left)
    assert b"19570312" not in held
    for new in draft.revisions:
        if new.instance.sop_uid in caught.value.doubts:
            with pytest.raises(NotFoundError):
                hub.parts.clean.stat(new.stored.key)
    assert arrivals.counts(hub.engine) == {("norr", "REFUSED"): 1}
    return set(caught.value.doubts.values())


def test_the_honest_one_passes(hub, honest, deliver):
    draft, stored = honest
    assert deliver(draft, stored) == {draft.revisions[0].instance.sop_uid: 1}
    assert deliver(draft, stored) == {draft.revisions[0].instance.sop_uid: 1}
    assert list(hub.parts.arrivals.keys()) == []


@pytest.mark.parametrize("what", CHANGES)
def test_what_says_who_she_is_is_refused(hub, honest, deliver, what):
    draft, stored = honest
    data = rewritten(stored[draft.revisions[0].stored.key], CHANGES[what])
    new = redone(draft.revisions[0], data)
    changed = dataclasses.replace(draft, revisions=(new,))
    found = refused(hub, deliver, changed, stored | {new.stored.key: data})
    assert found == {Doubt.IDENTIFIER}


@pytest.mark.parametrize("what", RAW)
def test_what_is_no_plain_object_is_refused(hub, honest, deliver, what):
    draft, stored = honest
    change, doubt = RAW[what]
    data = change(stored[draft.revisions[0].stored.key])
    new = redone(draft.revisions[0], data)
    changed = dataclasses.replace(draft, revisions=(new,))
    found = refused(hub, deliver, changed, stored | {new.stored.key: data})
    assert found == {doubt}


def told(draft, **facts):
    new = draft.revisions[0]
    return dataclasses.replace(new, stored=dataclasses.replace(new.stored, **facts))


def about(draft, **facts):
    new = draft.revisions[0]
    return dataclasses.replace(new, instance=dataclasses.replace(new.instance, **facts))


RECORDS = {
    "another maker": (lambda d: about(d, vendor="SIEMENS"), Doubt.RECORD),
    "another series": (lambda d: about(d, series_uid=ours(7)), Doubt.RECORD),
    "no UID of ours": (lambda d: about(d, series_uid="2.25.12345"), Doubt.UID),
    "another digest": (lambda d: told(d, header_sha256="0" * 64), Doubt.BYTES),
    "another offset": (
        lambda d: told(d, pixel_offset=d.revisions[0].stored.pixel_offset - 1),
        Doubt.BYTES,
    ),
    "another place": (lambda d: told(d, key="annat/x/y.dcm"), Doubt.KEY),
    "words for a flag": (
        lambda d: dataclasses.replace(
            d.revisions[0],
            facts=dataclasses.replace(d.revisions[0].facts, flags=("anna andersson",)),
        ),
        Doubt.RECORD,
    ),
}


@pytest.mark.parametrize("what", RECORDS)
def test_a_record_that_says_otherwise_is_refused(hub, honest, deliver, what):
    draft, stored = honest
    change, doubt = RECORDS[what]
    new = change(draft)
    data = stored[draft.revisions[0].stored.key]
    changed = dataclasses.replace(draft, revisions=(new,))
    if new.stored.key not in stored:
        stored = {key: value for key, value in stored.items() if value is not data}
    assert refused(hub, deliver, changed, stored) == {doubt}


def with_words(png: bytes) -> bytes:
    words = b"tEXtComment\0Anna Andersson"
    chunk = struct.pack(">I", len(words) - 4) + words + struct.pack(">I", zlib.crc32(words))
    return png[:33] + chunk + png[33:]


def test_a_preview_with_words_in_it_is_refused(hub, honest, deliver):
    draft, stored = honest
    small = draft.revisions[0].previews[0]
    data = with_words(stored[small.key])
    digest = hashlib.sha256(data).hexdigest()
    key = f"{small.key.rpartition('/')[0]}/{digest}.{small.size}.png"
    other = dataclasses.replace(small, key=key, bytes=len(data), sha256=digest)
    new = dataclasses.replace(draft.revisions[0], previews=(other,))
    changed = dataclasses.replace(draft, revisions=(new,))
    assert refused(hub, deliver, changed, stored | {key: data}) == {Doubt.PICTURE}
    plain = stored[small.key]
    assert is_plain(plain, small.width, small.height)
    for wrong in (data, plain[:-1], plain + b"x", plain[:40], b"", b"GIF89a" + plain):
        assert not is_plain(wrong, small.width, small.height)
    assert not is_plain(plain, small.width + 1, small.height)


def test_what_has_not_come_is_asked_for_again(hub, honest, deliver):
    draft, stored = honest
    with pytest.raises(IntakeError):
        deliver(draft, {})
    assert deliver(draft, stored)


def test_only_keyed_uids_are_ours():
    assert is_ours(ours(1))
    import uuid

    for other in ("2.25.1", f"2.25.{uuid.uuid4().int}", "1.2.3", f"2.25.{1 << 129}", ""):
        assert not is_ours(other)


def test_the_region_is_told_and_keeps_the_rest(
    hub, delivering, deidentify_with, export_folder, tmp_path
):
    """The hub checks by rules of its own; what it refuses is SUSPECT, and the export ends."""
    strict = tmp_path / "strict.toml"
    strict.write_text(STRICT)
    hub.parts = dataclasses.replace(hub.parts, profile=str(strict))
    put(
        export_folder,
        part10(mammogram()),
        part10(mammogram(view="rcc", SOPInstanceUID=f"{INSTANCE}.2", PatientAge="040Y")),
    )
    export = registered(delivering, export_folder, DECISION)
    with checking(hub):
        tally = walked(delivering, deidentify_with, export)
    assert counts(tally) == {"ADMITTED": 1, "SUSPECT": 1}
    (reason,) = (word for word in delivering.ledger.reasons(export.id) if "hub" in str(word))
    assert Doubt.IDENTIFIER.value in str(reason)
    assert arrivals.counts(hub.engine)["norr", ArrivalState.REFUSED] == 1
    with hub.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(study)) == 1


STRICT = """extends = "mammography"
name = "strict"
version = "1"
age_cap = 50
"""
