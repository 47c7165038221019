"""Who opts out leaves no more of hers: refused in the region, held at the hub, never named."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from catalog import holds, tables
from catalog.columns import now
from catalog.database import reading
from catalog.optouts.tables import opt_out
from catalog.search import Query, search
from catalog.vocabulary import OptOut
from deid.identity.pseudonym import canonical
from flows import wiring
from flows.cli import main, place
from flows.errors import SourceError
from flows.moments import moment
from flows.people import optouts
from flows.people import protection as module
from flows.people.merging import merge_pairs, pair
from flows.people.optouts import read_list, read_text, statement
from flows.people.protection import OPTED_OUT
from tests.flows.conftest import DECISION, on_both
from tests.flows.making import counts, four_views, put, registered, walked

SHE = "19570312-9808"
SECRETS = ("19570312", "9808", "TF-17")


def say(region, protection, word=OptOut.OUT, days=0, whom=SHE, issuer=""):
    said = statement(whom, issuer, now() - timedelta(days=days))
    return optouts.enter(
        [said], word, region.keys, region.publisher, protection.optouts, who="anna.a"
    )


@pytest.fixture
def run(region, deidentify_with, export_folder, protection):
    def ingest():
        export = registered(region, export_folder, DECISION)
        tally = walked(region, deidentify_with, export, protection)
        return counts(tally), {why for _, why in region.ledger.reasons(export.id) if why}

    return ingest


def found(region) -> int:
    return len(search(region.publisher._engine, Query()).studies)


@on_both
def test_nothing_of_her_leaves_after_she_said_no(region, protection, export_folder, run):
    put(export_folder, *four_views())
    say(region, protection)
    before = set(region.clean.keys())
    assert run() == ({"REFUSED": 4}, {OPTED_OUT})
    assert set(region.clean.keys()) == before
    assert found(region) == 0


@on_both
def test_what_is_published_is_held_and_freed_when_she_takes_it_back(
    region, protection, export_folder, run
):
    put(export_folder, *four_views())
    assert run() == ({"ADMITTED": 4}, set())
    say(region, protection, days=1)
    assert found(region) == 0
    done = say(region, protection, OptOut.LIFTED)
    assert (done.persons, done.new, done.told) == (1, 1, 1)
    assert found(region) == 1


def test_the_hub_learns_a_pseudonym_and_nothing_else(region, protection):
    say(region, protection)
    with reading(region.publisher._engine) as connection:
        (row,) = connection.execute(select(opt_out)).all()
        (held,) = connection.execute(select(tables.hold)).all()
    assert row.pseudonym == region.keys.pseudonyms.person(canonical(SHE)).pseudonym
    assert not [one for one in SECRETS if one in f"{row}{held}"]


def test_what_the_hub_could_not_be_told_is_told_when_it_is_entered_again(
    region, protection, monkeypatch
):
    def away(*_arguments, **_named):
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(type(region.publisher), "opt_out", away)
        with pytest.raises(OSError):  # noqa: PT011 # it says nothing
            say(region, protection, days=2)
    assert protection.optouts.is_out(canonical(SHE))
    done = say(region, protection)
    assert (done.new, done.told) == (0, 1)
    (one,) = holds.list_holds(region.publisher._engine)
    assert one.since < now() - timedelta(days=1)


def test_it_follows_her_to_the_number_she_has_now(region, protection):
    say(region, protection, whom="TF-17", issuer="Norr")
    merge_pairs(
        [pair("TF-17", SHE, "Norr")], region.keys, region.publisher, protection, who="anna.a"
    )
    assert protection.optouts.is_out(canonical(SHE))
    targets = {one.target.value for one in holds.list_holds(region.publisher._engine)}
    assert region.keys.pseudonyms.person(canonical(SHE)).pseudonym in targets


def test_a_list_is_read_whole_or_not_at_all(tmp_path):
    today, path = now(), tmp_path / "said-no.csv"
    path.write_text(f"identifier;issuer;from\n{SHE};;2026-01-31\nTF-17;Norr;\n")
    first, second = read_list(path, issuer="", valid_from=today)
    assert (first.whom, first.valid_from) == (canonical(SHE), datetime(2026, 1, 31, tzinfo=UTC))
    assert (second.whom, second.valid_from) == (canonical("TF-17", "Norr"), today)
    for wrong in ("1957031298087", "", "19570312-9809"):
        path.write_text(f"identifier\n{SHE}\n{wrong or ' ,'}\n")
        with pytest.raises(SourceError, match="line 3") as caught:
            read_list(path, issuer="", valid_from=today)
        assert not [one for one in SECRETS if one in str(caught.value)]


@pytest.mark.parametrize(
    "wrong",
    [
        f'TF-17,"Norr\n{SHE},\n',  # the mark is never closed: she would be in the issuer's name
        f'TF-17,"Norr\n{SHE},\nTF-18,Norr"\n',
        f'{SHE},,"x\n{SHE},\n',
        f"{SHE},,{SHE}\n",
        f'TF-17,"Norr"d\n{SHE},\n',
        f"TF-17,{'N' * 200_000}\n{SHE},\n",
    ],
)
def test_nobody_is_lost_by_a_quotation_mark_or_a_cell_too_many(wrong):
    with pytest.raises(SourceError, match="a quotation mark too many") as caught:
        read_text(f"identifier,issuer\n{wrong}", issuer="", valid_from=now())
    assert not [one for one in SECRETS if one in str(caught.value)]


def test_a_wrong_line_has_its_own_number_after_empty_ones():
    with pytest.raises(SourceError, match="line 5"):
        read_text(f"identifier\n\n{SHE}\n\n12\n", issuer="", valid_from=now())


@pytest.mark.parametrize(
    "text",
    [
        *("yesterday", "2999-01-01", "2026-01-31T10:00:00", "2026-01-31 10:00", "20260131T10"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14:00"),
    ],
)
def test_a_moment_that_is_none_or_has_not_come_is_refused(text):
    with pytest.raises(SourceError):
        moment(text, now())


def test_a_moment_has_its_zone_and_a_day_begins_at_midnight():
    assert moment("2026-01-31T10:00:00+01:00", now()) == datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert moment("2026-01-31T10:00Z", now()) == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert moment(" 2026-01-31 ", now()) == datetime(2026, 1, 31, tzinfo=UTC)
    assert moment("", datetime(2026, 1, 31, tzinfo=UTC)) == datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture
def mammo(region, hub, protection, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "region", lambda: region)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    monkeypatch.setattr(module, "of_region", lambda: protection)
    monkeypatch.setattr("flows.cli.optout.person", lambda _who, _settings: "anna.a")
    monkeypatch.setattr("typer.prompt", lambda *_told, **_named: SHE)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["optout", *arguments])
        said = capsys.readouterr()
        assert not [one for one in SECRETS if one in said.out + said.err]
        return int(ended.value.code or 0), said.out + said.err

    return run


def test_the_commands_name_nobody(mammo):
    assert mammo("enter", "--from", "2026-01-31") == (0, "1 person, 1 new, 1 told to the hub\n")
    assert mammo("status")[1].startswith("opted out at")
    code, said = mammo("status", "--at", "2026-02-20")
    assert (code, said) == (0, "not opted out at 2026-02-20 00:00\n")
    code, said = mammo("status", "--at", "2026-02-20", "--known", "2026-11-22T23:59:59+00:00"[:10])
    assert code == 0
    assert mammo("lift") == (0, "1 person, 1 new, 1 told to the hub\n")
    assert mammo("status")[1].startswith("not opted out at")
    said = mammo("list")[1]
    assert said.count("OUT") + said.count("LIFTED") == 2
    assert "anna.a" in said


def test_a_wrong_line_says_where_and_enters_nothing(mammo, tmp_path):
    (tmp_path / "said-no.csv").write_text(f"identifier\n{SHE}\n12345\n")
    code, said = mammo("enter", "--list", "said-no.csv")
    assert code == 1
    assert "line 3" in said
    assert mammo("list")[1] == "nobody has said anything\n"
