"""One machine is known to the hub by its region's pseudonym, and to nobody who searches."""

import json
from dataclasses import asdict

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from catalog.arrivals.wire import StudyMessage, study_message
from catalog.database import reading
from catalog.publishing.study_rows import clean_key
from catalog.search import Query, search
from catalog.tables import instance
from flows import wiring
from flows.cli import place
from flows.walk.device import Machine, machine_of, pseudonym_of
from tests.flows.conftest import on_both
from tests.flows.making import counts, four_views, put
from tests.intake.making import draft_of, ours
from tests.objects import mammogram, part10, tomosynthesis

SERIAL = "SN-SERIAL-4711"
HERS = {"DeviceSerialNumber": SERIAL, "ManufacturerModelName": "Selenia Dimensions"}


def machines(region):
    wanted = select(instance.c.device, instance.c.model).where(instance.c.derived_from.is_(None))
    with reading(region.publisher._engine) as connection:
        return {tuple(row) for row in connection.execute(wanted)}


@on_both
def test_the_hub_knows_a_machine_by_a_pseudonym(region, ingest, export_folder):
    put(export_folder, *four_views(**HERS))
    assert counts(ingest()) == {"ADMITTED": 4}
    made = pseudonym_of(machine_of(mammogram(**HERS)), region.keys)
    assert len(made) == 26
    assert machines(region) == {(made, "Selenia Dimensions")}


@pytest.mark.parametrize("make", [mammogram, tomosynthesis])
def test_it_stands_in_no_header_and_in_no_answer(region, ingest, export_folder, make):
    original = make(**HERS)
    put(export_folder, part10(original))
    assert counts(ingest()) == {"ADMITTED": 1}
    ((made, _),) = machines(region)
    (trace,) = region.ledger.by_instance(original.SOPInstanceUID)
    key = clean_key(region.publisher._engine, trace.clean_sop_uid)
    stored = b"".join(region.clean.get(key))
    assert made.encode() not in stored
    assert made[:16].encode() not in stored
    assert SERIAL.encode() not in stored
    told = json.dumps(asdict(search(region.publisher._engine, Query())), default=str)
    assert made not in told
    assert "Selenia" not in told


def test_what_names_no_machine_says_so_and_forgets_none(region, ingest, export_folder):
    put(export_folder, part10(mammogram(**HERS | {"DeviceSerialNumber": ""})))
    ingest()
    assert machines(region) == {(None, "Selenia Dimensions")}
    put(export_folder, part10(mammogram(**HERS, KVP="31")))
    ingest()
    ((known, _),) = machines(region)
    assert known
    put(export_folder, part10(mammogram(**HERS | {"DeviceSerialNumber": ""}, KVP="32")))
    assert counts(ingest()) == {"REVISED": 1}
    assert machines(region) == {(known, "Selenia Dimensions")}


def test_a_machine_is_itself_however_it_is_written(region):
    made = pseudonym_of(Machine("HOLOGIC, Inc.", "Selenia Dimensions", SERIAL), region.keys)
    assert made == pseudonym_of(
        Machine("Lorad", " SELENIA  dimensions", "sn-serial-4711"), region.keys
    )
    others = [
        Machine("HOLOGIC, Inc.", "Selenia Dimensions", "SN-SERIAL-4712"),
        Machine("HOLOGIC, Inc.", "3Dimensions", SERIAL),
        Machine("SIEMENS", "Selenia Dimensions", SERIAL),
    ]
    assert made not in {pseudonym_of(one, region.keys) for one in others}


def test_the_command_tells_what_the_hub_knows(mammo, monkeypatch, region, tmp_path):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "region", lambda: region)
    image = tmp_path / "one.dcm"
    image.write_bytes(part10(mammogram(**HERS, Manufacturer="HOLOGIC, Inc.")))
    made = pseudonym_of(Machine("Hologic", "Selenia Dimensions", SERIAL), region.keys)
    said = (0, f"{made}\n", "")
    assert mammo("device", "--image", str(image)) == said
    maker = ("--maker", "HOLOGIC", "--model", "Selenia Dimensions")
    assert mammo("device", SERIAL, *maker) == said
    assert mammo("device", SERIAL)[0] != 0


def message(**changes):
    made = json.loads(study_message(draft_of("norr", "prov", "A" * 26, ours(1), ours(2), ours(3))))
    return made | changes


def told(made, **facts):
    made["revisions"][0]["facts"] |= facts
    return StudyMessage.model_validate_json(json.dumps(made), strict=True)


def test_version_one_tells_no_machine_and_is_taken():
    old = message(version=1)
    del old["revisions"][0]["facts"]["device"]
    del old["revisions"][0]["instance"]["model"]
    assert told(old).draft().revisions[0].facts.device == ""
    with pytest.raises(ValidationError):
        told(message(version=1), device="A" * 26)
    assert told(message(), device="A" * 26).draft().revisions[0].facts.device == "A" * 26


@pytest.mark.parametrize("new", [{"order": "1" * 32}, {"known": ["2.25.7"]}])
def test_version_one_knows_no_order_by_criteria(new):
    assert told(message(**new))
    old = message(version=1, **new)
    del old["revisions"][0]["facts"]["device"]
    del old["revisions"][0]["instance"]["model"]
    with pytest.raises(ValidationError):
        told(old)


@pytest.mark.parametrize("wrong", ["A" * 25, "a" * 26, "SN-SERIAL-4711", "195703129808", "A" * 27])
def test_only_what_has_the_form_of_a_pseudonym_is_taken(wrong):
    with pytest.raises(ValidationError):
        told(message(), device=wrong)
