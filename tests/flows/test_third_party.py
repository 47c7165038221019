"""The port to pseudonyms with a real third party: OpenBao, set up as infra/openbao says."""

import dataclasses
import hashlib
import hmac
import logging
from base64 import b64decode, b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from deid.identity.pseudonym import Person, Subkeys, weeks
from flows.errors import CollisionError, KeyServiceBusyError, KeyServiceError
from flows.keys import sides
from flows.keys.key_answers import Rekeyed
from flows.keys.key_service import KeyService
from flows.keys.pseudonyms import edge_digest, token
from flows.keys.third_party import REMEMBERED, SECONDS, TransitPseudonyms
from tests.key_service import OpenBao

EDGE = bytes(range(32))
HER, OTHER = "194708022980", "191212121212"


class Marks(dict):
    """What a ledger remembers of keys."""

    def same(self, name: str, mark: str) -> bool:
        return self.setdefault(name, mark) == mark


class Counting:
    """A service in between that counts requests and the digests in them."""

    def __init__(self, service) -> None:
        self.service = service
        self.asked: list[int] = []

    def rekey(self, digests, *, version=None):
        self.asked.append(len(digests))
        return self.service.rekey(digests, version=version)


@pytest.fixture
def connect():
    """Connect to a service, until the test is over."""
    made: list[KeyService] = []

    def connected(address) -> KeyService:
        made.append(KeyService(address, sleep=lambda _seconds: None))
        return made[-1]

    yield connected
    for service in made:
        service.close()


@pytest.fixture
def pseudonyms(connect):
    def made(address, *, edge=EDGE, marks=None, **more) -> TransitPseudonyms:
        known = Marks() if marks is None else marks
        return TransitPseudonyms(connect(address), edge, marks=known, **more)

    return made


@pytest.fixture(scope="module")
def address(key_service):
    return key_service.enter("region-norr")


@pytest.fixture
def own_service(tmp_path) -> Iterator[OpenBao]:
    """A third party whose key may be rotated and destroyed."""
    service = OpenBao(tmp_path)
    try:
        service.start()
        yield service
    finally:
        service.kill()


def test_a_pseudonym_takes_both_steps(key_service, address, pseudonyms):
    step = hmac.digest(EDGE, HER.encode(), "sha256")
    answer = key_service.call(
        "PUT", "transit/hmac/people/sha2-256", {"input": b64encode(step).decode()}
    )
    second = b64decode(answer["data"]["hmac"].removeprefix("vault:v1:"))
    person = pseudonyms(address).person(HER)
    assert person == Person(token(second))
    assert len(person.pseudonym) == 26
    assert pseudonyms(address, edge=bytes(32)).person(HER) != person


def test_a_woman_of_two_regions_is_one_person_with_one_shift(key_service, address, pseudonyms):
    here = pseudonyms(address)
    there = pseudonyms(key_service.enter("region-syd"))
    assert here.person(HER) == there.person(HER)
    regions = [
        sides.RegionKeys(made, root, sides.subkey(EDGE, "date"), "x")
        for made, root in (
            (here, b"n" * 32),
            (there, b"s" * 32),
        )
    ]
    norr, syd = (region.subkeys() for region in regions)
    assert weeks(norr, here.person(HER)) == weeks(syd, there.person(HER))
    assert norr.uid != syd.uid


def test_many_are_asked_in_batches_and_remembered(address, connect):
    counting = Counting(connect(address))
    made = TransitPseudonyms(counting, EDGE, marks=Marks(), batch=100)
    numbers = [f"local\x1f{number}" for number in range(230)]
    people = made.people([*numbers, numbers[0]])
    assert counting.asked == [101, 101, 31]
    assert people[0] == people[-1] == made.person(numbers[0])
    assert len({person.pseudonym for person in people}) == 230
    assert made.people(numbers[::-1]) == people[-2::-1]
    assert len(counting.asked) == 3
    assert made.version == 1


def test_a_token_that_is_used_up_is_replaced(key_service, pseudonyms):
    made = pseudonyms(key_service.enter("region-kort", requests=2))
    assert len({made.person(str(number)).pseudonym for number in range(7)}) == 7


def test_threads_share_one_token_and_lose_nobody(key_service, pseudonyms):
    made = pseudonyms(key_service.enter("region-many", requests=6))
    numbers = list(map(str, range(40)))
    with ThreadPoolExecutor(4) as pool:
        people = list(pool.map(made.person, numbers))
    assert tuple(people) == made.people(numbers)
    assert len({person.pseudonym for person in people}) == 40


def test_a_token_of_an_agent_is_read_again_when_it_is_replaced(
    key_service, address, tmp_path, pseudonyms
):
    path = tmp_path / "token"
    by_token = dataclasses.replace(address, role="", token_file=path)
    made = pseudonyms(by_token)
    with pytest.raises(KeyServiceError, match="TOKEN_FILE"):
        made.person(HER)
    for _ in range(2):
        given = ("-policy=region", "-use-limit=1", "-no-default-policy", "-field=token")
        path.write_text(key_service.bao("bao", "token", "create", *given))
        made._known.clear()
        assert made.person(HER) == pseudonyms(address).person(HER)
    made._known.clear()
    with pytest.raises(KeyServiceError, match="refuses"):
        made.person(HER)


def test_a_region_may_only_rekey(key_service, address, connect):
    service = connect(address)
    service.rekey([bytes(32)])
    item = {"input": b64encode(bytes(32)).decode()}
    for path, body in (
        ("transit/keys/people/rotate", {}),
        ("transit/keys/people/config", {"deletion_allowed": True}),
        ("transit/keys/another", {"type": "hmac"}),
        ("transit/verify/people/sha2-256", {**item, "hmac": "vault:v1:AAAA"}),
        ("transit/hmac/people/sha2-512", {"batch_input": [item]}),
        ("transit/hmac/people/sha2-256", item),  # one by one, outside what is counted
        ("transit/export/hmac-key/people", {}),
        ("auth/token/create", {}),
        ("auth/token/renew-self", {}),
        ("sys/policies/acl/region", {"policy": ""}),
    ):
        answer = service._client.post(path, json=body, headers={"X-Vault-Token": service._token})
        assert answer.status_code == 403, path
    read = service._client.get("transit/keys/people", headers={"X-Vault-Token": service._token})
    assert read.status_code == 403


def test_an_operator_computes_no_pseudonym_and_takes_no_key_out(key_service):
    given = key_service.given("operator")
    assert "people" in key_service.bao("bao", "read", "transit/keys/people", token=given)
    for words in (
        ("write", "transit/hmac/people/sha2-256", "input=YQ=="),
        ("read", "transit/export/hmac-key/people"),
        ("write", "transit/keys/people/config", "exportable=true"),
        ("write", "sys/policies/acl/region", "policy=x"),
    ):
        with pytest.raises(RuntimeError, match="denied"):
            key_service.bao("bao", *words, token=given)


@pytest.mark.parametrize("role", ["region-norr", ""])
def test_anothers_certificate_is_refused(key_service, address, role, pseudonyms):
    certificate, private = key_service.authority.issue("region-fel")
    other = dataclasses.replace(address, role=role, certificate=certificate, private_key=private)
    with pytest.raises(KeyServiceError, match="refuses this region"):
        pseudonyms(other).person(HER)


def test_a_region_that_calls_from_elsewhere_is_refused(key_service, pseudonyms):
    elsewhere = key_service.enter("region-bort", address="192.0.2.7/32")
    with pytest.raises(KeyServiceError, match="refuses this region"):
        pseudonyms(elsewhere).person(HER)


def test_a_stranger_learns_nothing_and_trusts_nobody(key_service, address, tmp_path, pseudonyms):
    from tests.key_service import Authority

    stranger = Authority(tmp_path, "stranger")
    certificate, private = stranger.issue("region-norr")
    for changes in (
        {"ca": stranger.certificate},
        {"certificate": None, "private_key": None},
        {"certificate": certificate, "private_key": private},
    ):
        with pytest.raises(KeyServiceError, match="do not trust"):
            pseudonyms(dataclasses.replace(address, **changes)).person(HER)
    with pytest.raises(KeyServiceError, match="missing or malformed"):
        pseudonyms(dataclasses.replace(address, ca=tmp_path / "none"))


def test_a_mount_or_a_key_that_is_not_there_is_refused(key_service, address, pseudonyms):
    for changes in ({"mount": "other"}, {"key": "other"}, {"login_mount": "other"}):
        with pytest.raises(KeyServiceError):
            pseudonyms(dataclasses.replace(address, **changes)).person(HER)


def test_too_many_in_one_request_say_what_to_lower(address, pseudonyms):
    numbers = list(map(str, range(400)))
    with pytest.raises(KeyServiceError, match="BATCH"):
        pseudonyms(address, batch=400).people(numbers)


def test_a_service_that_is_sealed_or_gone_is_worth_another_try(own_service, pseudonyms):
    made = pseudonyms(own_service.enter("region-norr"))
    before = made.person(HER)
    made._known.clear()
    own_service.seal()
    with pytest.raises(KeyServiceBusyError, match="sealed"):
        made.person(HER)
    own_service.unseal()
    assert made.person(HER) == before
    made._known.clear()
    own_service.kill()
    with pytest.raises(KeyServiceBusyError):
        made.person(HER)


def test_a_person_is_recognised_after_a_rotation_until_all_are_carried_over(
    own_service, pseudonyms
):
    address, marks = own_service.enter("region-norr"), Marks()
    long_lived = pseudonyms(address, marks=marks)
    one = long_lived.person(HER)
    own_service.bao("bao", "write", "-f", "transit/keys/people/rotate")
    made = pseudonyms(address, marks=marks)
    two = made.person(HER)
    assert (two.previous, made.version) == ((one.pseudonym,), 2)
    assert long_lived.person(OTHER).previous
    assert long_lived.person(HER) == two  # nobody is remembered across a rotation
    own_service.bao("bao", "write", "-f", "transit/keys/people/rotate")
    assert pseudonyms(address, previous=2).person(HER).previous == (two.pseudonym, one.pseudonym)
    assert pseudonyms(address, previous=1).person(HER).previous == (two.pseudonym,)
    assert pseudonyms(address, previous=0).person(HER).previous == ()
    own_service.bao("bao", "write", "transit/keys/people/config", "min_encryption_version=3")
    with pytest.raises(KeyServiceError, match="PREVIOUS=0"):
        pseudonyms(address).person(HER)
    pseudonyms(address, previous=0).person(HER)


def test_a_destroyed_key_stops_every_run_and_no_other_takes_its_place(own_service, pseudonyms):
    address, marks = own_service.enter("region-norr"), Marks()
    pseudonyms(address, marks=marks).person(HER)
    own_service.bao("bao", "write", "transit/keys/people/config", "deletion_allowed=true")
    own_service.bao("bao", "delete", "transit/keys/people")
    for _ in range(2):
        with pytest.raises(KeyServiceError, match="nothing more can be linked"):
            pseudonyms(address, marks=marks).person(HER)
    assert "people" not in str(own_service._request("LIST", "transit/keys").json())
    with pytest.raises(RuntimeError, match="set up already"):
        own_service.bao("sh", "infra/openbao/setup.sh")
    # Even if the third party makes one by mistake, a region that knew the old one notices.
    own_service.bao("bao", "write", "-f", "transit/keys/people", "type=hmac", "key_size=32")
    with pytest.raises(KeyServiceError, match="not the one"):
        pseudonyms(address, marks=marks).person(HER)


def test_nothing_identifying_is_in_urls_logs_errors_or_the_audit(
    key_service, address, caplog, pseudonyms
):
    for library in ("", "httpx", "httpcore"):  # another test may have made them quiet
        caplog.set_level(logging.DEBUG, logger=library)
    made = pseudonyms(address)
    pseudonym = made.person(HER).pseudonym
    assert "hmac/people" in caplog.text  # the HTTP library does log
    with pytest.raises(KeyServiceError) as caught:
        pseudonyms(dataclasses.replace(address, key="other")).person(HER)
    step = edge_digest(EDGE, HER)
    audited = key_service.audit.read_text()
    shown = "".join((caplog.text, repr(caught.value), repr(made), repr(address), audited))
    for secret in (HER, HER[2:], pseudonym, b64encode(step).decode(), step.hex(), EDGE.hex()):
        assert secret not in shown
    entries = [
        one for one in key_service.audited() if one["request"]["path"].startswith("transit/hmac/p")
    ]
    assert entries
    assert all(one["request"]["remote_address"] for one in entries)


class Fake:
    """A third party of the test's own, to answer what a real one would not."""

    def __init__(self, *versions: int) -> None:
        self.versions = list(versions)
        self.requests = 0

    def rekey(self, digests, *, version=None):
        self.requests += 1
        used = version or (self.versions.pop(0) if len(self.versions) > 1 else self.versions[0])
        return Rekeyed(used, tuple(hashlib.sha256(bytes([used]) + one).digest() for one in digests))


def test_memory_is_short_and_bounded():
    fake, now = Fake(1), [0.0]
    made = TransitPseudonyms(fake, EDGE, marks=Marks(), batch=5000, clock=lambda: now[0])
    made.person(HER)
    now[0] = SECONDS - 1
    made.person(HER)
    assert fake.requests == 1
    now[0] = SECONDS
    made.person(HER)
    assert fake.requests == 2
    made.people([str(number) for number in range(REMEMBERED + 7)])
    assert len(made._known) == REMEMBERED


def test_a_rotation_between_two_batches_is_tried_again_whole():
    made = TransitPseudonyms(Fake(1, 2), EDGE, marks=Marks(), batch=1)
    with pytest.raises(KeyServiceBusyError, match="rotated"):
        made.people([HER, OTHER])
    first, second = made.people([HER, OTHER])
    assert first.previous
    assert second.previous


class Replaced(Fake):
    """A key that becomes another one, under the same number, while we are talking to it."""

    key = b"first"

    def rekey(self, digests, *, version=None):
        made = super().rekey(digests, version=version)
        return made._replace(digests=tuple(hmac.digest(self.key, d, "md5") for d in made.digests))


@pytest.mark.parametrize("versions", [(1,), (2,)])
def test_a_key_that_is_replaced_while_we_run_is_noticed(versions):
    fake = Replaced(*versions)
    made = TransitPseudonyms(fake, EDGE, marks=Marks())
    before = made.person(HER)
    fake.key = b"second"
    for asked in (OTHER, f"{OTHER} again"):
        with pytest.raises(KeyServiceError, match="not the one"):
            made.person(asked)
    fake.key = b"first"
    assert made.person(HER) == before
    assert made.person(OTHER)


class Same(Fake):
    def rekey(self, digests, **_version):
        return Rekeyed(1, (bytes(32),) * len(digests))


def test_two_persons_never_share_a_pseudonym():
    for asked in ([HER], [HER, OTHER]):
        with pytest.raises(CollisionError) as caught:
            TransitPseudonyms(Same(1), EDGE, marks=Marks()).people(asked)
        assert HER not in str(caught.value)


def test_an_earlier_subject_is_merged_with_the_weeks_between():
    subkeys = Subkeys(*(bytes([n]) * 32 for n in range(4)))
    person = Person("NEW", ("OLDER", "OLDEST"))
    shift = weeks(subkeys, Person("NEW"))
    assert sides.merges(person, subkeys) == tuple(
        (old, "NEW", shift - weeks(subkeys, Person(old))) for old in ("OLDER", "OLDEST")
    )
    assert sides.merges(Person("NEW"), subkeys) == ()
