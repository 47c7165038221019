import dataclasses
import json
import stat

import pytest

from flows import keys
from flows.errors import KeyFileError
from flows.settings import Environment


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "region.key.json"
    keys.create(path, keys.REGION_ROOTS)
    return path


def loaded(path):
    return keys.region_keys(path, Environment.DEVELOPMENT)


def test_a_key_file_is_private_and_never_replaced(key_file):
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    before = key_file.read_text()
    keys.create(key_file, keys.REGION_ROOTS)
    assert key_file.read_text() == before
    assert list(key_file.parent.iterdir()) == [key_file]


def test_production_refuses_a_local_key_file(key_file):
    with pytest.raises(KeyFileError, match="third party"):
        keys.region_keys(key_file, Environment.PRODUCTION)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_file_that_others_can_read_is_refused(key_file, mode):
    key_file.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        loaded(key_file)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"edge": "zz"}', '{"edge": 1}'])
def test_a_malformed_key_file_is_refused(key_file, text):
    key_file.write_text(text)
    with pytest.raises(KeyFileError):
        loaded(key_file)


def test_a_short_key_is_refused(key_file):
    key_file.write_text(json.dumps(dict.fromkeys(keys.REGION_ROOTS, "00")))
    with pytest.raises(KeyFileError, match="32 bytes"):
        loaded(key_file)


def test_a_person_has_one_pseudonym_and_needs_both_steps(key_file):
    one = loaded(key_file).pseudonyms
    again = loaded(key_file).pseudonyms
    assert one.person("191212121212").pseudonym == again.person("191212121212").pseudonym
    assert len(one.person("x").pseudonym) == 26
    for step in ("edge", "third_party"):
        other = dataclasses.replace(one, **{step: bytes(32)})
        assert other.person("191212121212").pseudonym != one.person("191212121212").pseudonym


def test_regions_share_the_date_key_and_nothing_else(key_file):
    one = loaded(key_file)
    other = dataclasses.replace(one, root=bytes(32))
    here, there = one.subkeys(), other.subkeys()
    assert here.date == there.date
    assert {here.uid, here.accession, here.device}.isdisjoint(
        {there.uid, there.accession, there.device}
    )
    assert len({one.ledger(), one.quarantine(), here.uid, here.accession, here.device}) == 5


def test_permits_share_no_key(tmp_path):
    path = tmp_path / "release.key.json"
    keys.create(path, keys.HUB_ROOTS)
    hub = keys.release_keys(path, Environment.DEVELOPMENT)
    one, other = hub.subkeys("permit-1"), hub.subkeys("permit-2")
    all_keys = [getattr(k, n) for k in (one, other) for n in ("uid", "accession", "device", "date")]
    assert len(set(all_keys)) == 8
    assert hub.person("permit-1", "S").pseudonym != hub.person("permit-2", "S").pseudonym


def test_keys_do_not_show_themselves(key_file):
    held = loaded(key_file)
    shown = repr(held) + repr(held.pseudonyms) + repr(held.subkeys())
    shown += repr(held.pseudonyms.person("191212121212"))
    for root in json.loads(key_file.read_text()).values():
        assert root not in shown
        assert repr(bytes.fromhex(root))[2:-1] not in shown
