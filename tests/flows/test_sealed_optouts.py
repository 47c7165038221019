"""What a woman said to the third party: sealed there, entered in one region, kept at the hub."""

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from sqlalchemy import select

from catalog import tables
from catalog.columns import now
from catalog.database import reading
from catalog.optouts.tables import opt_out
from catalog.protections.tables import opt_out_list
from catalog.search import Query, search
from catalog.vocabulary import OptOut
from deid.identity.pseudonym import canonical
from flows import wiring
from flows.cli import main, place
from flows.errors import SourceError
from flows.intake.keys import make_key
from flows.keys.key_file import REGION_ROOTS, create
from flows.people import protection as module
from flows.people import receiving, sealing
from flows.people.protection import OPTED_OUT
from tests.flows.conftest import DECISION, on_both
from tests.flows.making import counts, four_views, put, registered, walked

SHE = "19570312-9808"
SECRETS = ("19570312", "9808")
REGION, OTHER = X25519PrivateKey.generate(), X25519PrivateKey.generate()
SIGNER = Ed25519PrivateKey.generate()
KNOWN = SIGNER.public_key().public_bytes_raw()


def new(text=f"identifier\n{SHE}\n", number=1, word=OptOut.OUT, made=None):
    return sealing.NewList(text, "", word, number, made or now() - timedelta(minutes=1))


def sealed(**named):
    return sealing.seal(new(**named), REGION.public_key(), SIGNER)[0]


def refused(file, key=REGION, signer=KNOWN):
    with pytest.raises(SourceError) as caught:
        sealing.unseal(file, key, signer, now())
    assert not [one for one in SECRETS if one in f"{caught.value!r}{caught.value.__context__!r}"]
    return str(caught.value)


def test_one_region_reads_it_and_nobody_else():
    file = sealed()
    assert not [one for one in SECRETS if one.encode() in file]
    (one,) = sealing.unseal(file, REGION, KNOWN, now()).said
    assert one.whom == canonical(SHE)
    assert "another region" in refused(file, key=OTHER)


def test_a_list_for_one_region_cannot_be_passed_on_to_another():
    plain = sealing._suite().decrypt(sealed(), REGION, sealing._PURPOSE)
    again = sealing._suite().encrypt(plain, OTHER.public_key(), sealing._PURPOSE)
    assert "another region" in refused(again, key=OTHER)


def test_a_changed_file_and_an_unknown_signer_are_refused():
    file = sealed()
    for at in (0, 31, 32, len(file) // 2, len(file) - 1):
        changed = bytearray(file)
        changed[at] ^= 1
        assert "was changed" in refused(bytes(changed))
    for short in (b"", file[:40], file[:-1], b"\0" * 500):
        assert "was changed" in refused(short)
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert "not signed" in refused(file, signer=stranger)


def test_nothing_is_sealed_to_a_point_of_low_order():
    with pytest.raises(SourceError, match="no region's public key"):
        sealing.seal(new(), X25519PublicKey.from_public_bytes(bytes(32)), SIGNER)


def test_a_signed_list_of_another_form_is_refused():
    for body in (b"[" * 100_000, b"{}", b"[]", b"\xff", b'{"number": 1e999}'):
        plain = SIGNER.sign(sealing._PURPOSE + body) + body
        file = sealing._suite().encrypt(plain, REGION.public_key(), sealing._PURPOSE)
        assert "another form" in refused(file)
    assert "both clocks" in refused(sealed(made=now() + timedelta(hours=2)))


def test_a_file_that_is_too_large_is_never_read_whole(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(SourceError, match="16 MiB"):
        sealing.read_sealed(path)
    with pytest.raises(SourceError, match="16 MiB"):
        sealed(text="identifier\n" + f"{SHE}\n" * 1_200_000)


@pytest.mark.parametrize("wrong", ["1957031298087", "19570312-9809", "=cmd|' /C calc'!A0", ","])
def test_a_wrong_line_is_named_by_its_number_at_the_third_party(wrong):
    with pytest.raises(SourceError, match="line 3") as caught:
        sealed(text=f"identifier\n{SHE}\n{wrong}\n")
    assert not [one for one in (*SECRETS, "cmd") if one in str(caught.value)]
    with pytest.raises(SourceError, match="empty"):
        sealed(text="identifier\n")


def receive(region, protection, file, *, late=False):
    opened = sealing.unseal(file, REGION, KNOWN, now())
    stands = receiving.placed(opened.sealed, protection.optouts, late=late)
    done = receiving.receive(
        opened, region.keys, region.publisher, protection.optouts, who="anna.a"
    )
    return stands, done


def test_a_list_goes_in_once_and_in_its_order(region, protection):
    old, first, fourth = sealed(number=2), sealed(number=1), sealed(number=4)
    assert receive(region, protection, first)[1].new == 1
    stands, done = receive(region, protection, first)
    assert stands.before.done_at is not None
    assert (done.new, done.told) == (0, 0)
    assert receive(region, protection, fourth)[0].missing == (2, 3)
    with pytest.raises(SourceError, match="list 4 was entered before"):
        receive(region, protection, old)
    receive(region, protection, old, late=True)
    with pytest.raises(SourceError, match="another list 4"):
        receive(region, protection, sealed(number=4, text=f"identifier\n{SHE}\n\n"))


def test_an_older_list_that_comes_late_does_not_undo_the_newer_one(region, protection):
    made = now() - timedelta(days=3)
    receive(region, protection, sealed(number=2, word=OptOut.OUT))
    lift = sealed(number=1, word=OptOut.LIFTED, made=made)
    receive(region, protection, lift, late=True)
    assert protection.optouts.is_out(canonical(SHE))


def test_what_broke_off_goes_on_with_the_same_file(region, protection, monkeypatch):
    def away(*_arguments, **_named):
        raise OSError

    file = sealed()
    with monkeypatch.context() as patch:
        patch.setattr(type(region.publisher), "opt_out", away)
        with pytest.raises(OSError):  # noqa: PT011 # it says nothing
            receive(region, protection, file)
    stands, done = receive(region, protection, file)
    assert stands.before.done_at is None
    assert (done.new, done.told) == (0, 1)


@pytest.fixture
def mammo(region, protection, tmp_path, monkeypatch, capsys, caplog):
    create(tmp_path / "region.key", REGION_ROOTS)
    (tmp_path / "signer.pub").write_text(make_key(tmp_path / "signer.pem"))
    settings = SimpleNamespace(
        key_file=tmp_path / "region.key", optouts_key_file=tmp_path / "signer.pub"
    )
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "region", lambda: region)
    monkeypatch.setattr(wiring, "read", lambda _settings: settings)
    monkeypatch.setattr(module, "of_region", lambda: protection)
    monkeypatch.setattr("flows.cli.optout_sealed.person", lambda _who, _settings: "anna.a")
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["optout", *arguments])
        said = capsys.readouterr()
        assert not [one for one in SECRETS if one in said.out + said.err + caplog.text]
        return int(ended.value.code or 0), said.out + said.err

    return run


@on_both
def test_from_the_third_party_to_the_hub(
    region, protection, export_folder, deidentify_with, mammo, tmp_path
):
    put(export_folder, *four_views())
    (tmp_path / "said.csv").write_text(f"identifier\n{SHE}\n")
    key = mammo("list-key")[1].strip()
    told = ("--for", key, "--key", "signer.pem")
    assert mammo("seal", "said.csv", *told, "--number", "1", "--out", "1.sealed")[0] == 0
    (tmp_path / "said.csv").unlink()
    before = {path.name for path in tmp_path.iterdir()}
    assert "nothing was entered" in mammo("receive", "1.sealed", "--dry-run")[1]
    assert not protection.optouts.is_out(canonical(SHE))
    assert "1 person, 1 new, 1 told to the hub" in mammo("receive", "1.sealed")[1]
    assert "entered already" in mammo("receive", "1.sealed")[1]
    assert {path.name for path in tmp_path.iterdir()} == before

    export = registered(region, export_folder, DECISION)
    assert counts(walked(region, deidentify_with, export, protection)) == {"REFUSED": 4}
    assert OPTED_OUT in {why for _, why in region.ledger.reasons(export.id)}
    assert search(region.publisher._engine, Query()).studies == ()
    with reading(region.publisher._engine) as connection:
        (row,) = connection.execute(select(opt_out)).all()
        (held,) = connection.execute(select(tables.hold)).all()
    assert row.pseudonym == region.keys.pseudonyms.person(canonical(SHE)).pseudonym
    with reading(protection.optouts._engine) as connection:
        (listed,) = connection.execute(select(opt_out_list)).all()
    assert not [one for one in SECRETS if one in f"{row}{held}{listed}"]
    assert f"third party's list {listed.digest[:12]}" in mammo("list")[1]
    assert listed.digest[:12] in mammo("received")[1]

    (tmp_path / "said.csv").write_text(f"identifier\n{SHE}\n")
    mammo("seal", "said.csv", *told, "--number", "2", "--out", "2.sealed", "--lift")
    assert "LIFTED" in mammo("receive", "2.sealed")[1]
    assert not protection.optouts.is_out(canonical(SHE))


def test_a_list_for_another_region_changes_nothing(mammo, protection, tmp_path):
    (tmp_path / "1.sealed").write_bytes(sealed())
    code, said = mammo("receive", "1.sealed")
    assert code == 1
    assert "another region" in said
    assert protection.optouts.lists.every() == ()
