"""A reserve number becomes a personnummer: two Subjects are one, and no number is shown."""

import logging

import pytest
from sqlalchemy import Engine, text

from catalog import subjects
from catalog.database import writing
from catalog.protections.protection import Flags
from catalog.vocabulary import Flag, HoldKind, ProtectionSource
from deid.identity.pseudonym import canonical, weeks
from flows import wiring
from flows.cli import main
from flows.errors import SourceError
from flows.keys.key_file import REGION_ROOTS, create, rotate
from flows.keys.sides import RegionKeys, region_keys
from flows.people import protection as protection_module
from flows.people.merging import Merging, merge_pairs, pair, read_pairs
from flows.people.protection import PROTECTED, Protection
from flows.settings import Environment
from flows.wiring import RegionParts
from tests.flows.conftest import TODAY

RESERVE, ISSUER, NUMBER = "LBG77-1203", "Region Norr", "19570312-9808"
OTHER = "19470823-9803"
COORDINATION = "570372-9805"


def publish(region: RegionParts, *pseudonyms: str) -> Engine:
    """Enter Subjects as a published study would."""
    engine = region.publisher._engine
    with writing(engine) as connection:
        for one in pseudonyms:
            subjects.enter(connection, one)
    return engine


def pseudonym(keys: RegionKeys, number: str, issuer: str = "") -> str:
    return keys.pseudonyms.person(canonical(number, issuer)).pseudonym


@pytest.fixture
def both(region: RegionParts) -> Engine:
    return publish(
        region,
        pseudonym(region.keys, RESERVE, ISSUER),
        pseudonym(region.keys, NUMBER),
    )


def rows(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_two_subjects_become_one_and_it_is_audited(region, both, protection):
    (done,) = merge_pairs(
        [pair(RESERVE, NUMBER, ISSUER)], region.keys, region.publisher, protection, who="anna.a"
    )
    old, new = (pseudonym(region.keys, *one) for one in ((RESERVE, ISSUER), (NUMBER,)))
    subkeys = region.keys.subkeys()
    person = region.keys.pseudonyms.person
    between = weeks(subkeys, person(canonical(NUMBER))) - weeks(
        subkeys, person(canonical(RESERVE, ISSUER))
    )
    assert done.merging is Merging.MERGED
    assert rows(both, "SELECT old, new, weeks, who FROM subject_merge") == [
        (old, new, between, "anna.a")
    ]
    assert ("anna.a", "merge") in rows(both, "SELECT actor, action FROM access_log")
    assert (done.old, done.new) == (f"{old[:6]}…", f"{new[:6]}…")


def test_a_coordination_number_is_taken_with_its_century():
    assert pair(f"19{COORDINATION}", NUMBER).reserve == f"19{COORDINATION}".replace("-", "")


def test_merging_again_changes_nothing_and_what_is_not_there_is_unknown(region, both, protection):
    pairs = [pair(RESERVE, NUMBER, ISSUER), pair("LBG78", OTHER, ISSUER)]
    for _ in range(2):
        done = merge_pairs(pairs, region.keys, region.publisher, protection, who="anna.a")
        assert [one.merging for one in done] == [Merging.MERGED, Merging.UNKNOWN]
    assert len(rows(both, "SELECT * FROM subject_merge")) == 1


def test_a_circle_is_a_conflict(region, both, protection):
    one = pair(RESERVE, NUMBER, ISSUER)
    merge_pairs([one], region.keys, region.publisher, protection, who="anna.a")
    turned = type(one)(one.personnummer, one.reserve)
    (done,) = merge_pairs([turned], region.keys, region.publisher, protection, who="anna.a")
    assert done.merging is Merging.CONFLICT


@pytest.mark.parametrize("written", [ISSUER, ""])
def test_a_flag_of_the_reserve_number_goes_along_and_holds_what_is_published(
    region, both, protection, written
):
    """The flag came when nothing was published under the reserve number: no Hold is there yet."""
    reserve = canonical(RESERVE, written)
    protection.table.enter({reserve: Flags(Flag.YES, Flag.NO, TODAY)})
    protection.table.enter({canonical(NUMBER): Flags(Flag.NO, Flag.NO, TODAY)})
    protection.table.told(reserve, (HoldKind.PROTECTED, HoldKind.BLOCKED))
    one = pair(RESERVE, NUMBER, ISSUER)
    merge_pairs([one], region.keys, region.publisher, protection, who="anna.a")
    source = ProtectionSource.FILTERED_EXPORT
    assert protection.refusal(canonical(NUMBER), source, TODAY) == PROTECTED
    assert rows(both, "SELECT kind, target, placed_by FROM hold") == [
        ("PROTECTED", pseudonym(region.keys, NUMBER), "anna.a")
    ]


def test_a_flag_goes_along_before_anything_is_published(region, protection):
    reserve = canonical(RESERVE, ISSUER)
    protection.table.enter({reserve: Flags(Flag.NO, Flag.YES, TODAY)})
    one = pair(RESERVE, NUMBER, ISSUER)
    (done,) = merge_pairs([one], region.keys, region.publisher, protection, who="anna.a")
    assert done.merging is Merging.UNKNOWN
    there = protection.table.flags(canonical(NUMBER))
    assert there == Flags(Flag.UNKNOWN, Flag.YES, TODAY)


def test_studies_of_an_earlier_key_are_hers_too(region, protection, tmp_path):

    path = tmp_path / "region.key"
    create(path, REGION_ROOTS)
    before = region_keys(path, Environment.DEVELOPMENT)
    engine = publish(region, pseudonym(before, RESERVE, ISSUER))
    rotate(path)
    after = region_keys(path, Environment.DEVELOPMENT)
    publish(region, pseudonym(after, NUMBER))
    (done,) = merge_pairs(
        [pair(RESERVE, NUMBER, ISSUER)], after, region.publisher, protection, who="anna.a"
    )
    assert done.merging is Merging.MERGED
    assert rows(engine, "SELECT old FROM subject_merge") == [(pseudonym(before, RESERVE, ISSUER),)]


@pytest.mark.parametrize(
    ("reserve", "number", "why"),
    [
        ("", NUMBER, "empty"),
        (RESERVE, "", "empty"),
        (RESERVE, "570312-9808", "twelve"),
        (RESERVE, "19570312-9809", "check digit"),
        (RESERVE, RESERVE, "twelve"),
        (COORDINATION, NUMBER, "coordination"),
        (NUMBER, "195703129808", "same"),
    ],
)
def test_what_is_no_pair_is_refused_without_being_quoted(reserve, number, why):
    with pytest.raises(SourceError, match=why) as caught:
        pair(reserve, number, ISSUER)
    assert not any(one and one in str(caught.value) for one in (reserve, number))


@pytest.mark.parametrize(
    "written",
    [
        f"reserve,personnummer\n{RESERVE},{NUMBER}\n",
        f"\ufeffpersonnummer;reserve;issuer\r\n{NUMBER};{RESERVE};{ISSUER}\r\n",
        f"reserve,personnummer,issuer\n{RESERVE},{NUMBER},\n\n",
    ],
)
def test_a_list_is_read_as_spreadsheets_write_it(tmp_path, written):
    path = tmp_path / "list.csv"
    path.write_text(written, encoding="utf-8")
    (one,) = read_pairs(path, issuer=ISSUER)
    assert one == pair(RESERVE, NUMBER, ISSUER)
    assert RESERVE not in repr(one)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (f"reserve,personnummer\n{RESERVE},{NUMBER}\n{RESERVE},19570312-9809\n", "line 3"),
        (f"{RESERVE},{NUMBER}\n", "first line"),
        (f"reserve,personnummer\n{RESERVE}\n", "line 2"),
        ("", "first line"),
    ],
)
def test_a_list_that_is_wrong_says_where_and_not_what(tmp_path, written, why):
    path = tmp_path / "list.csv"
    path.write_text(written)
    with pytest.raises(SourceError, match=why) as caught:
        read_pairs(path)
    assert "9808" not in str(caught.value)
    assert "9809" not in str(caught.value)


def test_the_command_reads_a_list_and_shows_no_number(
    region, both, protection, tmp_path, monkeypatch, capsys, caplog
):
    caplog.set_level(logging.DEBUG)
    at_home(monkeypatch, region, protection)
    path = tmp_path / "list.csv"
    path.write_text(f"reserve,personnummer\n{RESERVE},{NUMBER}\n")
    with pytest.raises(SystemExit) as caught:
        main(["subject", "merge", "--list", str(path), "--issuer", ISSUER])
    assert caught.value.code == 0
    said = capsys.readouterr()
    assert "1 merged, 0 unknown, 0 conflict" in said.out
    new = pseudonym(region.keys, NUMBER)
    for secret in (RESERVE, NUMBER, canonical(NUMBER), new):
        assert secret not in said.out + said.err + caplog.text
    assert len(rows(both, "SELECT * FROM subject_merge")) == 1


def test_the_command_asks_unseen_and_takes_no_number_as_argument(
    region, both, protection, monkeypatch, capsys
):
    at_home(monkeypatch, region, protection)
    answers = iter((RESERVE, NUMBER))
    hidden: list[bool] = []

    def prompt(_text: str, *, hide_input: bool) -> str:
        hidden.append(hide_input)
        return next(answers)

    monkeypatch.setattr("typer.prompt", prompt)
    with pytest.raises(SystemExit) as caught:
        main(["subject", "merge", "--issuer", ISSUER])
    assert caught.value.code == 0
    assert hidden == [True, True]
    with pytest.raises(SystemExit) as caught:
        main(["subject", "merge", RESERVE, NUMBER])
    assert caught.value.code == 2
    assert len(rows(both, "SELECT * FROM subject_merge")) == 1


def at_home(monkeypatch: pytest.MonkeyPatch, region: RegionParts, protection: Protection) -> None:
    monkeypatch.setattr(protection_module, "of_region", lambda: protection)
    monkeypatch.setattr(wiring, "region", lambda: region)
    monkeypatch.setenv("MAMMO_REGION_LANDING", str(region.landing))
