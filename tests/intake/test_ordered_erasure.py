"""An order to erase, carried out: nothing is left in the region, and both sides can prove it."""

import base64
import dataclasses
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from catalog import audit
from catalog.arrivals import regions
from catalog.arrivals.records import OrderKind
from catalog.database import reading, writing
from catalog.erasures import answers
from catalog.erasures.ledger_tables import erased_study
from catalog.erasures.wire import CONTEXT, ErasureAnswer, Stays
from catalog.errors import ConflictError, NotFoundError, Reason
from catalog.ledgers.tables import item
from catalog.reviews.records import OPEN, ReviewState
from flows.orders.issuing import issue
from flows.orders.policy import Policy
from flows.orders.receiving import Orders
from flows.review import erasing, reviews
from flows.sources.landing import Landing
from tests import objects
from tests.flows.conftest import DECISION
from tests.flows.making import counts, put, registered, walked
from tests.objects import mammogram, part10

HUBS, REGIONS = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
HERE = {"region": "norr", "who": "bo"}


@pytest.fixture
def databases(sqlite_databases):
    return sqlite_databases


@pytest.fixture
def walk(in_process, deidentify_with, export_folder):
    def run(*files):
        put(export_folder, *files)
        export = registered(in_process, export_folder, DECISION)
        return counts(walked(in_process, deidentify_with, export))

    return run


@pytest.fixture
def there(in_process, walk):
    """One study: an image that passed, another in quarantine, and one more in the landing."""
    for key in list(in_process.quarantine.keys()):  # the store is one for all tests
        in_process.quarantine.remove(key)
    one, other = objects.same_uid_other_pixels()
    assert walk(part10(one)) == {"ADMITTED": 1}
    assert walk(part10(other)) == {"CONFLICT": 1}
    with Landing(in_process.landing).study(one.StudyInstanceUID).store("1.2.3.4") as sink:
        sink.write(b"late")
    (trace, *_) = in_process.ledger.by_instance(one.SOPInstanceUID)
    return trace.clean_study_uid


@pytest.fixture
def order(hub, in_process, there, tmp_path):
    """Order it at the hub, fetch it, and give its id; nobody has accepted it."""
    regions.add_key(hub.engine, "norr", REGIONS.public_key().public_bytes_raw(), who="operator")
    named = {"case": "7"}
    number = issue(
        hub.engine, HUBS, "norr", OrderKind.ERASE, [there], named=named, days=9, who="operator"
    )
    intake = hub.intake(hub.admit("norr", tmp_path))
    listening(in_process).fetch(intake)
    intake.close()
    return number


def listening(in_process):
    public = HUBS.public_key().public_bytes_raw()
    return Orders(in_process.ledger, Policy(), "norr", public)


def rows(engine, table):
    with reading(engine) as connection:
        return connection.execute(select(table)).all()


def test_nothing_is_erased_before_a_person_accepts(in_process, order):
    with pytest.raises(ConflictError) as caught:
        erasing.carry_out(in_process, order, REGIONS, **HERE)
    assert caught.value.reason is Reason.NOT_ACCEPTED
    with pytest.raises(ConflictError):
        erasing.extent(in_process, order)
    assert list(in_process.quarantine.keys())


def test_all_that_is_held_goes_and_what_stays_names_nobody(in_process, order):
    listening(in_process).accept(order, who="bo")
    (waits,) = in_process.ledger.reviews.all(states=OPEN)
    found = erasing.extent(in_process, order)
    assert (found.studies, found.files, found.quarantined) == (1, 2, 1)
    made = erasing.carry_out(in_process, order, REGIONS, **HERE)
    told = json.loads(made.statement)
    assert (told["studies"], told["files"], told["landed"]) == (1, 2, 1)
    assert told["sealed"] >= 1
    assert set(told["stays"]) == {one.value for one in Stays}
    assert list(in_process.quarantine.keys()) == []
    assert not list(in_process.landing.rglob("*.dcm"))
    assert in_process.ledger.by_accession(objects.IDENTITY["AccessionNumber"]) == ()
    for row in rows(in_process.ledger._engine, item):
        known = (row.path_enc, row.sop_uid_enc, row.study_uid_enc, row.accession_enc)
        assert (*known, row.clean_sop_uid, row.quarantine_key) == (None,) * 6
        assert row.outcome
    review, (line,) = in_process.ledger.reviews.get(waits.id)
    assert review.state is ReviewState.EXPIRED
    assert in_process.ledger.reviews.changed() == ()
    assert (line.who, line.reason) == ("bo", f"erased by order {order}")
    assert erasing.carry_out(in_process, order, REGIONS, **HERE) == made
    assert reviews.waiting(in_process) == ()


def test_it_does_not_come_back_until_a_person_lets_it_in(in_process, order, walk):
    listening(in_process).accept(order, who="bo")
    erasing.carry_out(in_process, order, REGIONS, **HERE)
    assert walk(part10(mammogram(KVP="33"))) == {"REFUSED": 1}
    assert list(in_process.quarantine.keys()) == []
    assert in_process.ledger.by_accession(objects.IDENTITY["AccessionNumber"]) == ()
    with pytest.raises(NotFoundError):
        in_process.ledger.erased.readmit("9" * 32, who="bo", reason="r")
    assert in_process.ledger.erased.readmit(order, who="bo", reason="wrong study") == 1
    assert in_process.ledger.erased.readmit(order, who="bo", reason="wrong study") == 0
    assert "REFUSED" not in walk(part10(mammogram(KVP="34")))


def test_what_somebody_works_on_waits(in_process, order):
    listening(in_process).accept(order, who="bo")
    engine = in_process.ledger._engine
    with writing(engine) as connection:
        first = select(item.c.id).order_by(item.c.id).limit(1).scalar_subquery()
        left = item.update().where(item.c.id == first)
        connection.execute(left.values(outcome=None, run=None))
    with pytest.raises(ConflictError) as caught:
        erasing.carry_out(in_process, order, REGIONS, **HERE)
    assert caught.value.reason is Reason.LEASE
    assert rows(engine, erased_study) == []


def test_the_hub_has_the_signed_answer_once(hub, in_process, order, tmp_path):
    listening(in_process).accept(order, who="bo")
    made = erasing.carry_out(in_process, order, REGIONS, **HERE)
    (asked,) = answers.every(hub.engine)
    assert asked.statement is None
    path = tmp_path / "signing.pem"
    from cryptography.hazmat.primitives import serialization as of

    form = (of.Encoding.PEM, of.PrivateFormat.PKCS8, of.NoEncryption())
    path.write_bytes(REGIONS.private_bytes(*form))
    path.chmod(0o600)
    intake = hub.intake(path)
    for _ in range(2):
        erasing.answer(in_process, made, intake)
    done = in_process.ledger.erased.done(order)
    assert done is not None
    assert done.told
    (asked,) = answers.every(hub.engine)
    assert (asked.region, asked.statement.files, asked.statement.order) == ("norr", 2, order)
    lines = [one for one in audit.entries(hub.engine) if one.action == "erased"]
    assert [one.outcome for one in lines] == ["1 studies, 2 files"]
    intake.close()


def signed(key, made, **changes):
    text = json.dumps(json.loads(made.statement) | changes)
    signature = base64.b64encode(key.sign(CONTEXT + text.encode())).decode()
    return ErasureAnswer(statement=text, signature=signature)


FORGED = {
    "another's key": (HUBS, {}, ConflictError),
    "another region": (REGIONS, {"region": "soder"}, NotFoundError),
    "another order": (REGIONS, {"order": "9" * 32}, NotFoundError),
    "no such number": (REGIONS, {"sequence": 7}, NotFoundError),
    "with words": (REGIONS, {"stays": ["Anna Andersson"]}, ConflictError),
    "with more": (REGIONS, {"patient": "19570312-9808"}, ConflictError),
}


@pytest.mark.parametrize("what", FORGED)
def test_an_answer_that_is_not_the_regions_is_not_kept(hub, in_process, order, what):
    listening(in_process).accept(order, who="bo")
    made = erasing.carry_out(in_process, order, REGIONS, **HERE)
    public = base64.b64encode(REGIONS.public_key().public_bytes_raw()).decode()
    (key,) = (one for one in regions.list_keys(hub.engine) if one.public_key == public)
    forger, changes, error = FORGED[what]
    with pytest.raises(error):
        answers.take(hub.engine, key, signed(forger, made, **changes))
    assert answers.every(hub.engine)[0].statement is None
    assert answers.take(hub.engine, key, signed(REGIONS, made))
    later = datetime.now(UTC).isoformat()
    with pytest.raises(ConflictError):
        answers.take(hub.engine, key, signed(REGIONS, made, done_at=later))
    soder = dataclasses.replace(key, region_id="soder")
    with pytest.raises(NotFoundError):
        answers.take(hub.engine, soder, signed(REGIONS, made))
