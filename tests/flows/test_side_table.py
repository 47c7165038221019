"""A side table is imported whole or not at all, and says nothing of what is in it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from catalog import holds, subjects, tables
from catalog.database import reading, writing
from catalog.errors import DatabaseError
from catalog.protections.protection import Flags
from catalog.search import Query, search
from catalog.vocabulary import Flag
from deid.identity.pseudonym import canonical
from flows.people.side_table import Imported, SideTableError, import_file, read
from tests.flows.conftest import DECISION, TODAY
from tests.flows.making import four_views, put, registered, walked

SHE = "195703129808"
YES, NO, MAYBE = Flag.YES, Flag.NO, Flag.UNKNOWN


@pytest.fixture
def table(tmp_path):
    def write(text: str, encoding: str = "utf-8"):
        path = tmp_path / "flags.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def bring(region, protection, table):
    def run(*lines: str, as_of=TODAY) -> Imported:
        path = table("\n".join(("identifier,protected,blocked", *lines)))
        return import_file(region, protection, path, as_of=as_of, today=TODAY)

    return run


@pytest.fixture
def published(region, deidentify_with, export_folder):
    put(export_folder, *four_views())
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    return region


def said(path) -> dict[str, tuple[Flag, Flag]]:
    return {who: (one.protected, one.blocked) for who, one in read(path, as_of=TODAY).items()}


@pytest.mark.parametrize(
    "text",
    [
        "identifier,protected,blocked\n19570312-9808,yes,no\n",
        "\ufeffIdentifier;Protected;Blocked\r\n570312-9808;JA;Nej\r\n\r\n",
        'blocked,issuer,identifier,protected\nno,whoever,"195703129808"," Yes "\n',
    ],
    ids=["plain", "as a Swedish spreadsheet writes it", "other columns, quoted"],
)
def test_a_table_is_read_however_it_is_written(table, text):
    assert said(table(text)) == {SHE: (YES, NO)}


def test_what_is_left_empty_is_unknown_and_of_two_lines_the_stricter_counts(table):
    text = (
        "identifier,issuer,protected,blocked\n19570312-9808,,no,no\n570312-9808,,okänt,ja\n"
        "TF-17,norr,,nej\nTF-17,syd,no,unknown\n"
    )
    assert said(table(text)) == {
        SHE: (MAYBE, YES),
        "norr\x1ftf-17": (MAYBE, NO),
        "syd\x1ftf-17": (NO, MAYBE),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "first line"),
        ("19570312-9808,yes,no\n", "first line"),
        ("identifier,protected\nTF-17,yes\n", "first line"),
        ("identifier,protected,blocked,name\nTF-17,yes,no,Provström\n", "first line"),
        ("identifier,protected,blocked,blocked\nTF-17,yes,no,no\n", "first line"),
        ("identifier,protected,blocked\n", "names nobody"),
        ("identifier,protected,blocked\nTF-17,yes\n", "line 2: it has 2 columns and not 3"),
        ("identifier,protected,blocked\nTF-17,kanske,no\n", "line 2: protected is neither"),
        ("identifier,protected,blocked\nTF-1,yes,no\n\nTF-17,no,TF\n", "line 4: blocked is"),
        ("identifier,protected,blocked\n ,yes,no\n", "line 2: identifier is empty"),
        ('identifier,protected,blocked\n"TF-17,yes,no\n', "line 2: this is no CSV"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_nothing_is_repeated(table, text, told):
    with pytest.raises(SideTableError) as caught:
        read(table(text), as_of=TODAY)
    assert told in str(caught.value)
    for value in ("TF", "17", "Provström", "kanske", "9808"):
        assert value not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_table_in_another_encoding_is_refused(table):
    path = table("identifier,protected,blocked\nÅSA,yes,no\n", "latin-1")
    with pytest.raises(SideTableError, match="UTF-8"):
        read(path, as_of=TODAY)
    with pytest.raises(SideTableError, match="cannot be read"):
        read(path.with_name("none.csv"), as_of=TODAY)


def test_many_faults_are_counted_and_not_all_listed(table):
    text = "identifier,protected,blocked\n" + "TF-1,x,no\n" * 50
    with pytest.raises(SideTableError, match="and 30 more"):
        read(table(text), as_of=TODAY)


def test_one_bad_line_imports_nothing(bring, protection):
    with pytest.raises(SideTableError):
        bring("19570312-9808,yes,no", "TF-17,maybe,no")
    assert protection.table.flags(SHE) is None


def test_a_day_that_has_not_come_is_refused(bring):
    with pytest.raises(SideTableError, match="has not come"):
        bring("19570312-9808,yes,no", as_of=TODAY + timedelta(days=1))


def test_an_import_tells_numbers_only(bring, protection):
    done = bring("19570312-9808,yes,no", "TF-17,no,unknown", "TF-18,no,yes")
    assert done == Imported(persons=3, taken=3, protected=1, blocked=1, unknown=1, holds=0)
    older = bring("19570312-9808,no,no", as_of=TODAY - timedelta(days=3))
    assert older.taken == 0
    assert protection.table.flags(SHE) == Flags(YES, NO, TODAY)


def holds_of(region) -> list[tuple[str, str]]:
    with reading(region.publisher._engine) as connection:
        rows = connection.execute(select(tables.hold).order_by(tables.hold.c.id)).all()
    return [(row.kind, row.placed_by) for row in rows]


def found(region) -> int:
    return len(search(region.publisher._engine, Query()).studies)


def test_a_flag_that_comes_late_holds_what_is_published(published, bring):
    assert bring("19570312-9808,no,no", "TF-17,yes,yes").holds == 0
    assert found(published) == 1
    assert bring("19570312-9808,yes,yes").holds == 2
    assert holds_of(published) == [("PROTECTED", "side table"), ("BLOCKED", "side table")]
    assert found(published) == 0
    assert bring("19570312-9808,yes,yes").holds == 0


def test_only_a_person_lifts_a_hold_and_the_next_import_does_not_overrule_her(published, bring):
    first, second, third = (TODAY - timedelta(days=days) for days in (3, 2, 1))
    bring("19570312-9808,yes,no", as_of=first)
    bring("19570312-9808,no,no", as_of=second)
    assert found(published) == 0
    holds.lift(published.publisher._engine, 1, who="officer")
    bring("19570312-9808,no,no", as_of=second)
    assert found(published) == 1
    assert bring("19570312-9808,yes,no", as_of=third).holds == 1
    holds.lift(published.publisher._engine, 2, who="officer")
    assert bring("19570312-9808,yes,no").holds == 0
    assert found(published) == 1


def test_a_flag_with_an_issuer_holds_what_was_published_without_one(region, protection, table):
    subject = region.keys.pseudonyms.person(canonical("TF1234567")).pseudonym
    with writing(region.publisher._engine) as connection:
        subjects.enter(connection, subject)
    path = table(
        "identifier,issuer,protected,blocked\nTF1234567,Region Norr,yes,no\n"
        "TF1234567,Region Syd,yes,no\nTF1234568,Region Syd,yes,no\n"
    )
    done = import_file(region, protection, path, as_of=TODAY, today=TODAY)
    assert done.holds == 1
    assert holds_of(region) == [("PROTECTED", "side table")]


def test_an_import_that_was_interrupted_is_finished_by_the_next(
    published, bring, protection, monkeypatch
):
    def away(*_arguments, **_options):
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(published.publisher, "hold", away)
        with pytest.raises(DatabaseError):
            bring("19570312-9808,yes,no")
    assert protection.table.status(since=TODAY).due == 1
    assert bring("19570312-9808,yes,no").holds == 1
    assert protection.table.status(since=TODAY).due == 0
    assert found(published) == 0


@pytest.mark.parametrize(
    "damaged",
    [
        *("1.95703E+11", "195703129808.0", "'195703129808", "=195703129808", "95703129808"),
        *("19570312-9807", "570312-9807", "\u0661\u0669\u0665\u0667\u0660\u0663129808"),
    ],
)
def test_a_number_that_a_spreadsheet_damaged_is_nobody_elses(table, damaged):
    path = table(f"identifier,protected,blocked\n{damaged},yes,no\n")
    with pytest.raises(SideTableError, match="line 2: identifier is no personal number") as caught:
        read(path, as_of=TODAY)
    assert damaged not in str(caught.value)


def test_a_number_of_another_kind_needs_an_issuer(table):
    path = table("identifier,issuer,protected,blocked\n1234567890,Region Norr,yes,no\n")
    assert len(read(path, as_of=TODAY)) == 1
