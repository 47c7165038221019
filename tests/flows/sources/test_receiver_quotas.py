"""No peer takes the receiver from the others: neither its associations nor its room."""

import json

import numpy as np
import pytest

from flows.errors import SettingsError
from flows.sources.awaiting import awaiting, is_awaited
from flows.sources.landed import name
from flows.sources.landing import AWAITED, Landing
from flows.sources.receiver.peers import read_peers
from flows.sources.receiver.quotas import LEAST, Allowance, Quotas, Share
from flows.sources.senders import Senders
from tests.flows.sources.test_receiver_program import PEERS, environment, program
from tests.objects import INSTANCE, STUDY, mammogram
from tests.receiving import associated, running, send

#: An image of these tests counts as little as an object can.
ONE = LEAST
TRANSIENT, LOCAL_LIMIT = 2, 2
NO_ROOM = 0xA700


def image(number: int = 1, study: int = 1):
    small = np.zeros((64, 64), np.uint16)
    uids = {
        "SOPInstanceUID": f"{INSTANCE}.{study}.{number}",
        "StudyInstanceUID": f"{STUDY}.{study}",
    }
    return mammogram(pixels=small, **uids)


def listening(tmp_path, allowance: Allowance, slots: int = 8):
    landing = Landing(tmp_path / "landing")
    quotas = Quotas(
        landing, slots, lambda calling: allowance if calling == "GREEDY" else Allowance()
    )
    return running(tmp_path / "landing", landing=landing, quotas=quotas)


def test_a_peer_with_all_its_associations_is_told_to_come_again_and_others_are_served(tmp_path):
    with (
        listening(tmp_path, Allowance(associations=1)) as here,
        associated(here.address, calling="GREEDY") as first,
    ):
        assert first.is_established
        with associated(here.address, calling="GREEDY") as second:
            assert second.is_rejected
            answer = second.acceptor.primitive
            assert (answer.result, answer.diagnostic) == (TRANSIENT, LOCAL_LIMIT)
        with associated(here.address, calling="PACS") as other:
            assert other.is_established
        first.release()
        assert send(here.address, image(), calling="GREEDY") == [0]
        assert here.terms.counters.told()["ends"]["over_quota"] == 1


def test_a_peer_whose_objects_wait_is_refused_more_until_some_were_taken(tmp_path):
    with listening(tmp_path, Allowance(waiting_bytes=2 * ONE)) as here:
        objects = [image(number) for number in (1, 2, 3)]
        assert send(here.address, *objects, calling="GREEDY") == [0, 0, NO_ROOM]
        assert len(here.received()) == 2
        assert here.terms.counters.told()["over_quota"] == 1
        assert send(here.address, image(1, study=2), calling="PACS") == [0]
        here.terms.quotas.share("GREEDY")._counted -= 60  # a minute goes by
        here.landing.study(f"{STUDY}.1").hand_over(tmp_path / "export")
        assert send(here.address, objects[2], calling="GREEDY") == [0]


def test_what_a_plan_fetches_is_not_refused_and_what_only_says_so_is(tmp_path):
    with listening(tmp_path, Allowance(waiting_bytes=ONE)) as here:
        assert send(here.address, image(1), calling="GREEDY") == [0]
        with associated(here.address, calling="GREEDY") as peer:
            moved = {"originator_aet": "GREEDY", "originator_id": 1}
            assert peer.send_c_store(image(2), **moved).Status == NO_ROOM
            with awaiting(here.landing, f"{STUDY}.1"):
                assert peer.send_c_store(image(2)).Status == 0
                assert peer.send_c_store(image(1, study=2)).Status == NO_ROOM
            assert peer.send_c_store(image(3)).Status == NO_ROOM
        assert here.terms.counters.told()["over_quota"] == 3


def test_a_mark_counts_as_long_as_somebody_holds_it(tmp_path):
    landing = Landing(tmp_path)
    with awaiting(landing, STUDY):
        with awaiting(landing, STUDY):
            assert is_awaited(landing, name(STUDY))
        assert is_awaited(landing, name(STUDY))
        assert not is_awaited(landing, name(INSTANCE))
    assert not is_awaited(landing, name(STUDY))
    left = tmp_path / AWAITED / name(STUDY)  # its process was killed
    left.touch()
    assert not is_awaited(landing, name(STUDY))
    assert not left.exists()


def test_what_lies_here_at_the_start_counts_and_what_two_sent_by_halves(tmp_path):
    with listening(tmp_path, Allowance()) as here:
        assert send(here.address, image(1), image(2), calling="GREEDY") == [0, 0]
        assert send(here.address, image(3), image(4), calling="OTHER") == [0, 0]
    landing = Landing(tmp_path / "landing")
    assert Senders(landing).waiting("GREEDY", least=ONE) == 2 * ONE
    assert not Share(landing, "GREEDY", lambda _: Allowance(0, 3 * ONE - 1)).take(ONE)
    assert Share(landing, "GREEDY", lambda _: Allowance(0, 3 * ONE)).take(ONE)


def test_what_is_cut_off_or_refused_takes_nothing(tmp_path):
    share = Share(Landing(tmp_path), "GREEDY", lambda _: Allowance(0, 2 * ONE))
    assert share.take(2 * ONE)
    assert not share.take(1)
    share.give_back(2 * ONE)
    assert share.take(2 * ONE)


def test_the_peers_file_says_otherwise_for_a_peer_and_a_quarter_is_usual(tmp_path):
    path = tmp_path / "peers.toml"
    path.write_text(PEERS + "associations = 7\n" + PEERS.replace("PACS", "OTHER"))
    peers = read_peers(path)
    usual = Allowance(4, 50)
    assert peers.allowance("PACS", usual) == Allowance(7, 50)
    assert peers.allowance("OTHER", usual) == usual
    path.write_text(PEERS + "waiting_bytes = -1\n")
    with pytest.raises(SettingsError, match="waiting_bytes"):
        read_peers(path)


def test_the_program_gives_a_peer_a_quarter_and_counts_what_it_refuses(tmp_path):
    environment(tmp_path)
    with program(tmp_path, ASSOCIATIONS="4", PEER_BYTES=str(ONE)) as (_, address):
        with associated(address) as first:
            assert first.is_established
            with associated(address) as second:
                assert second.is_rejected
        assert send(address, image(1), image(2)) == [0, NO_ROOM]
    # The counts of one who is gone.
    with program(tmp_path, ASSOCIATIONS="4", PEER_BYTES=str(ONE)) as (process, address):
        assert send(address, image(3)) == [NO_ROOM]
        process.terminate()
        process.wait()
        told = json.loads((tmp_path / "landing" / "receiver.json").read_text())
        assert (told["over_quota"], told["answers"]) == (1, {"out_of_room": 1})
