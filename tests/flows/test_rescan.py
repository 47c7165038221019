"""A newer detector looks at what is stored: what it finds is held, once, and nothing else is."""

import hashlib
import io
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from pydicom.uid import JPEGLSLossless
from sqlalchemy import select

import flows.verify.rescan
from catalog import audit, holds, tables
from catalog.database import reading
from catalog.errors import StorageError
from catalog.outcome import Outcome
from catalog.publishing.describe import describe
from catalog.records import Facts, NewRevision, Stored, StudyDraft, Versions
from catalog.search import Query, search
from catalog.sightings import tables as pixel_tables
from catalog.vocabulary import HoldKind, HoldScope
from deid.findings import Finding
from deid.pixels.detection.gate import SECOND
from deid.pixels.detection.looking import DETECTOR
from deid.profiles.profile import load_profile
from deid.source import parse
from flows import wiring
from flows.cli import main, place
from flows.cli.who import who
from flows.errors import RetriableError
from flows.verify.rescan import Rescanner, Seen, rescan
from tests import companions, objects
from tests.deid.pictures import burn, glyphs, text_reader
from tests.flows.making import put
from tests.objects import INSTANCE, mammogram, part10, phantom

NAME = "ÖHRSTRÖM ÅSA 570312-9808"
OLD = "text 1 (older)"


class Shelf:
    """Clean objects that an older detector let through."""

    def __init__(self, region):
        self._region = region
        self._made = []

    def add(self, ds, *, detector: str = OLD, damage=None) -> None:
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = (
            f"{INSTANCE}.{len(self._made)}"
        )
        data = part10(ds)
        pixels = parse(io.BytesIO(data)).pixels
        offset = pixels.start if pixels else len(data)
        data = damage(data, offset) if damage else data
        digests = [
            hashlib.sha256(part).hexdigest() for part in (data, data[:offset], data[offset:])
        ]
        key = f"rescan/{digests[0]}.dcm"
        self._region.clean.put(key, io.BytesIO(data), len(data), digests[0])
        stored = Stored(key, len(data), *digests, offset)
        versions = Versions("mammography", "1", detector, "k")
        self._made.append(NewRevision(describe(ds, Facts()), stored, Facts(), versions))

    def lose(self, **changes) -> None:
        """Let the record of the last one say something else than is stored."""
        last = self._made[-1]
        self._made[-1] = replace(last, stored=replace(last.stored, **changes))

    def publish(self) -> None:
        made = tuple(self._made)
        outcomes = {Outcome.ADMITTED: len(made)}
        draft = StudyDraft("e", 1, "prov", "norr", "subject", made, outcomes)
        self._region.publisher.publish(draft)


@pytest.fixture
def shelf(region) -> Shelf:
    return Shelf(region)


@pytest.fixture
def look(hub):
    def run(**asked):
        profile = load_profile("mammography")
        with_ = Rescanner(hub.catalogue, hub.clean, text_reader(), profile, "anna.a")
        return rescan(with_, **asked)

    return run


def film(**changes):
    return mammogram(pixels=phantom(600, 450), **changes)


def held(hub) -> dict[str, str]:
    return {hold.target.value: hold.reason for hold in holds.list_holds(hub.catalogue)}


def scans(hub) -> dict[int, int | None]:
    with reading(hub.catalogue) as connection:
        rows = connection.execute(select(pixel_tables.scan)).all()
    assert {row.detector for row in rows} <= {DETECTOR}
    return {row.revision_id: row.findings for row in rows}


def test_text_that_an_older_detector_missed_is_held(hub, shelf, look):
    shelf.add(film())
    shelf.add(film(text=NAME))
    shelf.publish()
    told = []
    made = look(progress=lambda done, total: told.append((done, total)))
    assert made.seen == {Seen.CLEAN: 1, Seen.FOUND: 1}
    assert told == [(0, 2), (1, 2), (2, 2)]
    (hold,) = holds.list_holds(hub.catalogue)
    assert (hold.kind, hold.target.scope, hold.target.value) == (
        HoldKind.RECALLED,
        HoldScope.REVISION,
        "2",
    )
    assert hold.reason == f"rescan by {DETECTOR}: text in 1 place"
    assert (made.holds, hold.placed_by) == ((hold.id,), "anna.a")
    assert [(line.actor, line.action) for line in audit.entries(hub.catalogue)] == [
        ("anna.a", "hold")
    ]
    (found,) = search(hub.catalogue, Query()).studies
    assert found.instances == 1
    assert scans(hub) == {1: 0, 2: 1}


def test_what_was_looked_at_is_not_looked_at_again_and_a_lifted_hold_stays_lifted(hub, shelf, look):
    shelf.add(film(text=NAME))
    shelf.publish()
    (number,) = look().holds
    holds.lift(hub.catalogue, number, who="officer", reason="a label of the device")
    assert look(again=True).looked == 0
    assert held(hub) == {}


def test_it_goes_on_where_it_was_stopped(hub, shelf, look):
    for _ in range(3):
        shelf.add(film())
    shelf.publish()
    assert look(limit=2).looked == 2

    def stop(done, _total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look(progress=stop)
    assert scans(hub) == {1: 0, 2: 0, 3: 0}
    assert look().looked == 0


def test_a_dry_run_changes_nothing(hub, shelf, look):
    shelf.add(film(text=NAME))
    shelf.publish()
    for _ in range(2):
        made = look(dry_run=True)
        assert (made.seen, made.holds) == ({Seen.FOUND: 1}, ())
    assert (held(hub), scans(hub), list(audit.entries(hub.catalogue))) == ({}, {}, [])


def test_what_the_present_detector_made_is_looked_at_only_if_asked(hub, shelf, look):
    shelf.add(film(), detector=DETECTOR)
    shelf.add(film(), detector=OLD)
    shelf.publish()
    assert look(since=OLD).looked == 0
    assert look().looked == 1
    assert look(again=True).looked == 1


def test_text_in_an_overlay_is_held(hub, shelf, look):
    ds, page = film(), np.zeros((600, 450), np.uint8)
    burn(page, (300, 40), glyphs("19570312-9808", 28), 1)
    ds.add_new(0x60000010, "US", page.shape[0])
    ds.add_new(0x60000011, "US", page.shape[1])
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60003000, "OW", np.packbits(page.ravel(), bitorder="little").tobytes())
    shelf.add(ds)
    shelf.publish()
    assert look().seen == {Seen.FOUND: 1}


def test_what_has_no_pixels_is_clean(hub, shelf, look):
    shelf.add(companions.cad_result([film()]))
    shelf.publish()
    assert look().seen == {Seen.CLEAN: 1}


@pytest.mark.parametrize(
    "trouble", ["undecodable", "no DICOM", "gone", "longer", "shorter", "changed"]
)
def test_what_cannot_be_looked_at_is_held(hub, shelf, look, trouble):
    damages = {
        "undecodable": lambda data, at: data[: at + 60] + bytes(len(data) - at - 70) + data[-10:],
        "no DICOM": lambda data, _at: b"x" * len(data),
    }
    shelf.add(film(syntax=JPEGLSLossless), damage=damages.get(trouble))
    size = shelf._made[-1].stored.size
    records = {
        "gone": {"key": "rescan/never"},
        "longer": {"size": size - 1},
        "shorter": {"size": size + 1},
        "changed": {"sha256": "0" * 64},
    }
    shelf.lose(**records.get(trouble, {}))
    shelf.publish()
    assert look().seen == {Seen.UNCHECKED: 1}
    assert held(hub) == {"1": f"rescan by {DETECTOR}: it could not be looked at"}
    assert scans(hub) == {1: None}


def test_a_bug_met_by_one_object_holds_it_and_the_others_are_looked_at(
    hub, shelf, look, monkeypatch
):
    shelf.add(film())
    shelf.add(film())
    shelf.publish()
    calls = []

    def odd(*arguments, **options):
        calls.append(1)
        if len(calls) == 1:
            raise ZeroDivisionError
        return ()

    monkeypatch.setattr(flows.verify.rescan, "read_again", odd)
    assert look().seen == Counter({Seen.UNCHECKED: 1, Seen.CLEAN: 1})
    assert set(held(hub)) == {"1"}


def test_without_the_store_nothing_is_held(hub, shelf, look, monkeypatch):
    shelf.add(film())
    shelf.publish()

    def away(_key):
        raise StorageError

    monkeypatch.setattr(hub.clean, "get", away)
    with pytest.raises(StorageError):
        look()
    assert (held(hub), scans(hub)) == ({}, {})


def test_without_room_on_the_disk_nothing_is_held(hub, shelf, look, monkeypatch):
    shelf.add(film())
    shelf.publish()

    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(RetriableError, match="TMPDIR"):
        look()
    assert (held(hub), scans(hub)) == ({}, {})


def test_both_sights_look(hub, shelf, look, monkeypatch):
    """What the first sight misses, the second may find."""
    shelf.add(film())
    shelf.publish()

    def second_only(*_arguments, sight, closely):
        return (Finding("frame 1", "text"),) if sight is SECOND else ()

    monkeypatch.setattr(flows.verify.rescan, "read_again", second_only)
    assert look().seen == {Seen.FOUND: 1}


def test_the_command_line_tells_what_was_seen(hub, shelf, monkeypatch, capsys):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    shelf.add(film())
    shelf.add(film(text=NAME))
    shelf.publish()
    for arguments, last in (
        (["--dry-run"], "nothing was held or recorded: this was a dry run"),
        ([], "Holds placed: 1, number 1; mammo hold list shows them"),
        ([], "this detector has seen all others; --again looks anew"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["rescan", *arguments])
        said = capsys.readouterr().out.splitlines()
        assert (ended.value.code or 0, said[-1]) == (0, last)
    assert [hold.placed_by for hold in holds.list_holds(hub.catalogue)] == [who()]
    assert all(secret not in "".join(said) for secret in objects.secrets_of(mammogram()))


def test_what_was_derived_is_not_looked_at(region, ingest, export_folder, hub, look):
    put(export_folder, part10(film()))
    ingest()
    with reading(hub.catalogue) as connection:
        assert len(connection.execute(select(tables.revision)).all()) == 3
    assert look(again=True).looked == 1
