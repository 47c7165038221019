"""The peers file is read again while the receiver runs, and a wrong one changes nothing."""

import json
import signal
from pathlib import Path

import pytest
from pydicom import Dataset

from flows.errors import SettingsError
from flows.sources.receiver.peers import PeersFile
from tests.flows.sources.test_receiver_program import PEERS, _wait, environment, program
from tests.objects import mammogram
from tests.receiving import associated

OTHER = PEERS + '[[peer]]\nae_title = "NEW"\naddresses = ["127.0.0.1"]\n'


def put(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.rename(path)


def may(address: tuple[str, int], image: Dataset, calling: str) -> bool:
    transfer = (image.file_meta.TransferSyntaxUID,)
    with associated(address, image.SOPClassUID, transfer, calling=calling) as peer:
        return bool(peer.is_established)


def test_a_running_receiver_goes_by_a_new_file_and_keeps_the_old_while_it_is_wrong(tmp_path):
    environment(tmp_path)
    peers, image = tmp_path / "peers.toml", mammogram()

    def current() -> bool:
        told = json.loads((tmp_path / "landing" / "receiver.json").read_text())
        return bool(told["peers_current"])

    with program(tmp_path) as (_, address):
        assert not may(address, image, "NEW")
        put(peers, OTHER)
        _wait(lambda: may(address, image, "NEW"))
        put(peers, "[[peer]]\nae_title = 7\n")
        _wait(lambda: not current())
        assert may(address, image, "NEW")
        put(peers, PEERS)
        _wait(current)
        _wait(lambda: not may(address, image, "NEW"))
        assert may(address, image, "PACS")


def test_a_signal_makes_it_look_and_does_not_end_it(tmp_path):
    environment(tmp_path)
    with program(tmp_path) as (process, address):
        process.send_signal(signal.SIGHUP)
        _wait(lambda: may(address, mammogram(), "PACS"))
        assert process.poll() is None


def test_a_file_that_went_or_is_wrong_says_where_and_not_what(tmp_path):
    path = tmp_path / "peers.toml"
    path.write_text(PEERS)
    peers = PeersFile(path)
    assert not peers.look()
    assert peers.look(anyway=True)
    path.unlink()
    with pytest.raises(SettingsError, match="missing"):
        peers.look()
    assert not peers.is_current
    assert peers.admits("PACS", "127.0.0.1", None)
    assert not peers.look()  # it is told once, until something changes
    path.write_text(OTHER.replace("NEW", "SE\\\\CRET"))
    with pytest.raises(SettingsError) as caught:
        peers.look()
    assert "CRET" not in str(caught.value)
    path.write_text(OTHER)
    assert peers.look()
    assert peers.admits("NEW", "127.0.0.1", None)
