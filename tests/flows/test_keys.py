import dataclasses
import json
import os
import stat
from collections import Counter

import pytest

from catalog.database import connect
from catalog.ledgers.key import LedgerKey
from catalog.ledgers.key_marks import KeyMarks
from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Export
from deid.identity import pseudonym
from deid.identity.pseudonym import Person, weeks
from flows.errors import KeyFileError
from flows.intake.keys import read_public
from flows.keys import sides
from flows.keys.key_file import HUB_ROOTS, OWN_ROOTS, REGION_ROOTS, _forbidden, create
from flows.keys.key_file import rotate as key_file_rotate
from flows.settings import Environment, HubSettings, RegionSettings
from flows.startup.prepare import make_intake_key, make_region_keys
from flows.wiring import wire_hub, wire_keys
from tests.flows.conftest import DECISION

KEY = bytes(32)


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "region.key.json"
    create(path, REGION_ROOTS)
    return path


def loaded(path):
    return sides.region_keys(path, Environment.DEVELOPMENT)


def test_a_key_file_is_private_and_never_replaced(key_file):
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    before = key_file.read_text()
    create(key_file, REGION_ROOTS)
    assert key_file.read_text() == before
    assert list(key_file.parent.iterdir()) == [key_file]


def test_production_refuses_a_local_key_file(key_file):
    with pytest.raises(KeyFileError, match="third party"):
        sides.region_keys(key_file, Environment.PRODUCTION)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_file_that_others_can_read_is_refused(key_file, mode):
    key_file.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        loaded(key_file)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"edge": "zz"}', '{"edge": 1}', '{"edge": []}', '{"edge": [1]}']
)
def test_a_malformed_key_file_is_refused(key_file, text):
    key_file.write_text(text)
    with pytest.raises(KeyFileError):
        loaded(key_file)


def test_a_short_key_is_refused(key_file):
    key_file.write_text(json.dumps(dict.fromkeys(REGION_ROOTS, "00")))
    with pytest.raises(KeyFileError, match="32 bytes"):
        loaded(key_file)


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_key_file_that_only_we_can_read_is_taken(key_file, mode):
    key_file.chmod(mode)
    assert loaded(key_file).root


@pytest.mark.parametrize(
    ("mode", "owner", "taken"),
    [
        (0o440, 0, True),  # a Kubernetes secret with `fsGroup`, and we are not root
        (0o444, 0, False),
        (0o460, 0, False),
        (0o440, 4711, False),
        (0o400, 4711, True),
    ],
)
def test_what_a_platform_delivers_to_our_group_is_taken_and_no_more(
    mode, owner, taken, monkeypatch
):
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    state = os.stat_result((0o100000 | mode, 0, 0, 1, owner, 4711, 0, 0, 0, 0))
    assert (not mode & _forbidden(state)) is taken


def test_a_person_has_one_pseudonym_and_needs_both_steps(key_file):
    one = loaded(key_file).pseudonyms
    again = loaded(key_file).pseudonyms
    assert one.person("191212121212").pseudonym == again.person("191212121212").pseudonym
    assert len(one.person("x").pseudonym) == 26
    for changes in ({"edge": bytes(32)}, {"third_party": (bytes(32),)}):
        other = dataclasses.replace(one, **changes)
        assert other.person("191212121212").pseudonym != one.person("191212121212").pseudonym
    assert one.people(["b", "a", "b"]) == tuple(map(one.person, "bab"))


def test_a_rotated_key_file_still_knows_its_people(key_file):
    before = loaded(key_file)
    key_file_rotate(key_file)
    key_file_rotate(key_file)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert list(key_file.parent.iterdir()) == [key_file]
    after = loaded(key_file)
    one, three = before.pseudonyms.person("x"), after.pseudonyms.person("x")
    assert three.pseudonym != one.pseudonym
    (two,) = three.previous  # the one before; the first is forgotten unless it is asked for
    assert two not in {one.pseudonym, three.pseudonym}
    both = sides.region_keys(key_file, Environment.DEVELOPMENT, previous=2)
    assert both.pseudonyms.person("x").previous == (two, one.pseudonym)
    assert sides.region_keys(key_file, Environment.DEVELOPMENT, previous=0).pseudonyms.person(
        "x"
    ) == Person(three.pseudonym)
    assert (before.version[-3:], after.version[-3:]) == ("-v1", "-v3")
    assert before.version[:-3] != after.version[:-3]
    assert (after.root, after.date) == (before.root, before.date)


def test_the_shift_of_dates_is_hers_and_nobody_outside_the_regions_can_derive_it(key_file):
    one = loaded(key_file)
    held = {name: bytes.fromhex(key) for name, key in json.loads(key_file.read_text()).items()}
    assert one.date == sides.subkey(held["edge"], "date")
    assert one.date not in {sides.subkey(held[name], "date") for name in ("third_party", "region")}
    other_third_party = dataclasses.replace(one.pseudonyms, third_party=(bytes(32),))
    assert dataclasses.replace(one, pseudonyms=other_third_party).subkeys().date == one.date


def test_a_woman_moves_by_the_same_weeks_in_two_regions(key_file):
    here = loaded(key_file)
    there = dataclasses.replace(here, root=bytes(32))
    people = [here.pseudonyms.person(f"1947080{number:05}") for number in range(5200)]
    norr, syd = here.subkeys(), there.subkeys()
    counts = Counter(weeks(norr, person) for person in people)
    assert [weeks(syd, person) for person in people[:50]] == [
        weeks(norr, person) for person in people[:50]
    ]
    assert pseudonym.uid(norr, "1.2.3") != pseudonym.uid(syd, "1.2.3")
    assert set(counts) == set(range(-26, 27)) - {0}
    # A hundred expected in each of 52; six deviations are one run in millions.
    assert all(40 < count < 160 for count in counts.values())


def test_a_key_that_was_replaced_is_noticed(key_file, ledger_engine):
    held, marks = loaded(key_file), KeyMarks(ledger_engine)
    held.require_same(marks)
    loaded(key_file).require_same(marks)
    rotated = dataclasses.replace(held.pseudonyms, third_party=(*held.pseudonyms.third_party, KEY))
    dataclasses.replace(held, pseudonyms=rotated).require_same(marks)
    gone = dataclasses.replace(held.pseudonyms, third_party=(KEY, KEY))
    for changes, what in (
        ({"root": KEY}, "the region's key"),
        ({"date": KEY}, "the edge's key"),
        ({"pseudonyms": gone}, "version 1 of the third party's key"),
    ):
        with pytest.raises(KeyFileError, match=f"{what} is not the one"):
            dataclasses.replace(held, **changes).require_same(marks)


def test_a_lost_key_file_stops_and_is_never_made_again(tmp_path, sqlite_databases):
    url = sqlite_databases("ledger")
    settings = RegionSettings(
        environment="development",
        landing=tmp_path,
        key_file=tmp_path / "region.key",
        ledger_url=url,
        catalogue_url=url,
        s3_endpoint="none",
        **dict.fromkeys(
            ("s3_access_key", "s3_secret_key", "clean_access_key", "clean_secret_key"), "x"
        ),
    )
    make_region_keys(settings)
    made = settings.key_file.read_text()
    make_region_keys(settings)
    assert settings.key_file.read_text() == made
    engine = connect(url)
    ledger = Ledger(engine, LedgerKey(wire_keys(settings, KeyMarks(engine)).ledger()))
    ledger.register_export(Export("export-1", "prov", "/landing", 1, DECISION))
    settings.key_file.unlink()
    for _ in range(2):
        with pytest.raises(KeyFileError, match="nothing more can be linked"):
            make_region_keys(settings)
        with pytest.raises(KeyFileError, match="nothing more can be linked"):
            wire_keys(settings, KeyMarks(engine))
    assert not settings.key_file.exists()
    engine.dispose()


def test_the_public_half_of_a_key_is_written_again_where_a_crash_left_none(tmp_path):
    path = tmp_path / "intake.pem"
    make_intake_key(path)
    made, public = path.read_bytes(), path.with_suffix(".pub").read_text()
    assert len(read_public(public)) == 32
    path.with_suffix(".pub").unlink()
    make_intake_key(path)
    assert (path.read_bytes(), path.with_suffix(".pub").read_text()) == (made, public)
    assert len(list(tmp_path.iterdir())) == 2


def test_regions_share_the_date_key_and_nothing_else(key_file):
    one = loaded(key_file)
    other = dataclasses.replace(one, root=bytes(32))
    here, there = one.subkeys(), other.subkeys()
    assert here.date == there.date
    hers = {here.uid, here.accession, here.device, here.study}
    assert hers.isdisjoint({there.uid, there.accession, there.device, there.study})
    assert len({one.ledger(), one.quarantine(), here.date, *hers}) == 7


def test_permits_share_no_key(tmp_path):
    path = tmp_path / "release.key.json"
    create(path, HUB_ROOTS)
    hub = sides.release_keys(path, Environment.DEVELOPMENT)
    one, other = hub.subkeys("permit-1"), hub.subkeys("permit-2")
    purposes = ("uid", "accession", "device", "date", "study")
    all_keys = [getattr(permit, purpose) for permit in (one, other) for purpose in purposes]
    assert len(set(all_keys)) == 10
    assert hub.person("permit-1", "S").pseudonym != hub.person("permit-2", "S").pseudonym


def hub_in(environment, path):
    return HubSettings(
        environment=environment,
        catalogue_url="sqlite://",
        release_key_file=path,
        s3_endpoint="127.0.0.1:1",
        s3_access_key="hub",
        s3_secret_key="x",
    )


def test_in_production_the_hub_starts_with_the_root_that_is_delivered(tmp_path):
    path = tmp_path / "delivered"
    path.write_text(json.dumps({"release_root": "ab" * 32}))
    for mode in (0o600, 0o400):
        path.chmod(mode)
        held = wire_hub(hub_in("production", path)).keys
        assert held.version.startswith("delivered-")
        assert held.subkeys("permit-1").uid
    for mode in (0o640, 0o604):
        path.chmod(mode)
        with pytest.raises(KeyFileError, match="chmod 600"):
            wire_hub(hub_in("production", path))
    path.unlink()
    with pytest.raises(KeyFileError, match="missing"):
        wire_hub(hub_in("production", path))


def test_in_production_the_hub_refuses_what_was_made_for_development(tmp_path):
    path = tmp_path / "release.key"
    create(path, HUB_ROOTS)
    assert wire_hub(hub_in("development", path)).keys.version.startswith("local-")
    made = json.loads(path.read_text())
    for held in (made, made | {"release_root": "ab" * 32}):
        path.write_text(json.dumps(held))
        with pytest.raises(KeyFileError, match="release_root"):
            wire_hub(hub_in("production", path))


def test_in_production_the_key_file_holds_the_regions_own_keys_only(key_file, tmp_path):
    with pytest.raises(KeyFileError, match="belongs to the third party"):
        sides.keys_with_third_party(key_file, "openbao", lambda _edge: None)
    own = tmp_path / "own.key"
    create(own, OWN_ROOTS)
    asked = []
    held = sides.keys_with_third_party(own, "openbao", asked.append)
    assert asked == [bytes.fromhex(json.loads(own.read_text())["edge"])]
    assert held.label.startswith("openbao-")
    with pytest.raises(KeyFileError, match="malformed, or holds other keys"):
        loaded(own)


def test_keys_do_not_show_themselves(key_file):
    held = loaded(key_file)
    shown = repr(held) + repr(held.pseudonyms) + repr(held.subkeys())
    shown += repr(held.pseudonyms.person("191212121212"))
    for root in json.loads(key_file.read_text()).values():
        assert root not in shown
        assert repr(bytes.fromhex(root))[2:-1] not in shown
