"""`mammo quarantine …`: what a person sees and does; nothing of it names anybody."""

import json
import os
import pwd
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest
from sqlalchemy import text

from catalog.outcome import Outcome
from flows import deidentifier, wiring
from flows.cli import main, place
from flows.cli import who as module
from flows.cli.who import who
from flows.keys.key_file import OWN_ROOTS, REGION_ROOTS, create
from flows.review import reviews
from flows.review.reviews import waiting
from flows.settings import Environment, RegionSettings
from tests import objects
from tests.flows.making import counts, put
from tests.flows.reviewing import contradicting
from tests.objects import part10

# The hospital is no secret: it is the holder's name in the catalogue.
SECRETS = [*objects.secrets_of(contradicting(InstitutionName=None)), "PROVSTR", "570312", "R MLO"]


@pytest.fixture
def production(monkeypatch, tmp_path):
    made = tmp_path / "keys" / "region.key"
    create(made, REGION_ROOTS)
    told = {"environment": Environment.DEVELOPMENT, "key_file": made}
    settings = RegionSettings.model_construct(**told)
    monkeypatch.setattr(wiring, "read", lambda _kind: settings)
    return lambda **changed: [
        object.__setattr__(settings, name, value)
        for name, value in (changed or {"environment": Environment.PRODUCTION}).items()
    ]


@pytest.fixture
def run(region, deidentify_with, protection, production, monkeypatch, capfd):
    from flows.people import protection as known

    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "region", lambda: region)
    monkeypatch.setattr(deidentifier, "of_region", lambda: deidentify_with)
    monkeypatch.setattr(known, "of_region", lambda: protection)

    def say(*arguments: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["quarantine", *map(str, arguments)])
        said = capfd.readouterr()
        for secret in SECRETS:
            assert secret not in said.out + said.err
        return int(ended.value.code or 0), said.out + said.err

    return say


@pytest.fixture
def number(region, ingest, export_folder, capfd):
    put(export_folder, part10(contradicting()), objects.not_dicom())
    assert counts(ingest(claimed=1)) == {"SUSPECT": 1, "UNREADABLE": 1}
    capfd.readouterr()
    (listed,) = waiting(region, outcome=Outcome.SUSPECT)
    return listed.review.id


def test_what_waits_is_listed(run, number):
    code, said = run("list")
    assert code == 0
    assert len(said.splitlines()) == 3
    assert said.startswith("review  export")
    assert "waiting" in said
    assert "30 days left a marker contradicts the header" in said
    only = run("list", "--outcome", "suspect")[1]
    assert only.splitlines()[1].split()[0] == str(number)
    assert run("list", "--export", "another") == (0, "nothing waits\n")
    assert run("list", "--outcome", "strange")[0] == 2
    told = json.loads(run("list", "--json")[1])
    assert {one["outcome"] for one in told} == {"SUSPECT", "UNREADABLE"}
    assert told[0].keys() >= {"id", "export", "state", "days_left", "expires"}


def test_what_is_shown_is_written_for_its_reader_alone(run, number, tmp_path):
    picture, original = tmp_path / "look.png", tmp_path / "original.dcm"
    code, said = run("show", number, "--picture", picture, "--original", original)
    assert code == 0
    for words in ("found: marker at frame 1", ": text in frame 1", ": marker in frame 1"):
        assert words in said
    assert said.count("it may show who it is of") == 2
    assert cv2.imread(str(picture)).shape == (1200, 900, 3)
    assert original.read_bytes() == part10(contradicting())
    assert {stat.S_IMODE(path.stat().st_mode) for path in (picture, original)} == {0o600}
    for option, path in (("--picture", picture), ("--original", original)):
        before = path.read_bytes()
        code, said = run("show", number, option, path)
        assert (code, "a file of that name already" in said) == (2, True)
        assert path.read_bytes() == before
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert run("show", number, "--original", tmp_path / "link")[0] == 2
    assert run("show", number, "--picture", tmp_path / "none" / "x.png")[0] == 2
    code, said = run("show", number, "--picture", tmp_path / "f.png", "--frame", "7")
    assert (code, "there is no picture of it; it has 1 frame\n" in said) == (1, True)
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["look.png"]


def test_a_review_that_is_not_there_is_said(run, number):
    for command in (("show", 99), ("reject", 99, "--reason", "so")):
        code, said = run(*command)
        assert code == 1
        assert said == "mammo: there is no review 99; `mammo quarantine list` shows them\n"


def test_a_broken_file_is_found_at_its_source_and_who_asked_is_kept(
    run, region, number, export_folder, capfd
):
    (broken,) = waiting(region, outcome=Outcome.UNREADABLE)
    review = broken.review.id
    assert str(export_folder) not in run("show", review)[1]
    with pytest.raises(SystemExit):  # the path names her, as it does at the source
        main(["quarantine", "show", str(review), "--source", "--who", "eva"])
    said = capfd.readouterr().err
    assert f"at the source: {export_folder.resolve() / 'IM00002'}\n" in said
    assert "eva: LOOK: path at the source" in run("show", review)[1]
    assert number != review


def test_two_people_release_it(region, run, number):
    code, said = run("approve", number, "--reason", "the marker is right")
    assert code == 0
    (command,) = [line.split()[2:] for line in said.splitlines() if "confirm" in line]
    assert run("approve", number, "--reason", "again")[0] == 1
    assert run(*command[:2], "f" * 12, "--reason", "so", "--who", "eva")[0] == 1
    assert "waiting for second" in run("list")[1]
    code, said = run(*command[:3], "--reason", "so it is", "--who", "eva")
    assert code == 0
    assert f"{number} ended ADMITTED, and is over\n" in said
    shown = run("show", number)[1]
    assert f"{who()}: APPROVE" in shown
    assert "eva: APPROVE" in shown
    assert "→ ADMITTED" in shown


def test_what_is_shown_is_for_programs_too(run, number):
    run("approve", number, "--reason", "so", "--who", "anna")
    told = json.loads(run("show", number, "--json")[1])
    assert (told["id"], told["state"], told["pictures"]) == (number, "SECOND", [1])
    assert told["proposal"]["findings"] == [{"where": "frame 1", "what": "marker"}]
    assert {box["kind"] for box in told["proposal"]["boxes"]} == {"text", "marker"}
    (line,) = told["decisions"]
    assert (line["who"], line["action"], line["reason"]) == ("anna", "APPROVE", "so")
    assert run("confirm", number, line["decision"], "--reason", "so", "--who", "bo")[0] == 0


def test_who_looked_is_shown(run, number, tmp_path):
    for option in ("--picture", "--original"):
        assert run("show", number, option, tmp_path / option, "--who", "eva")[0] == 0
    said = run("show", number)[1]
    assert "eva: LOOK: picture of frame 1" in said
    assert "eva: LOOK: original" in said


def test_one_changed_record_hides_no_other(region, run, number):
    with region.ledger._engine.begin() as connection:
        connection.execute(
            text("UPDATE review SET state = 'DECIDED' WHERE id != :n"), {"n": number}
        )
    (other,) = {1, 2} - {number}
    told_of = f"mammo: {other} was changed by other hands; call security"
    code, said = run("list")
    assert (code, told_of in said, "30 days left" in said) == (1, True, True)
    code, said = run("list", "--json")
    told = json.loads(said[: said.rindex("]") + 1])
    assert (code, told[-1]) == (1, {"id": other, "state": "CHANGED"})
    code, said = run("status")
    assert (code, "1 were changed by other hands" in said) == (1, True)
    code, said = run("apply")
    assert (code, told_of in said) == (1, True)


def test_what_cannot_be_applied_stops_nothing_else(region, run, number, monkeypatch):
    for one in (1, 2):
        reviews.retry(region, one, who="anna", reason="so")
    first = region.ledger.reviews.get(1)[0]
    for key in list(region.quarantine.keys(f"{first.export_id}/{first.item_id}/")):
        region.quarantine.remove(key)
    code, said = run("apply")
    assert code == 1
    assert "mammo: 1 was not applied: " in said
    assert "2 ended " in said


def test_more_is_blanked(run, number):
    box = ("--box", "1,300,500,360,540")
    assert run("redact", number, *box, "--reason", "hers", "--who", "anna")[0] == 0
    code, said = run("redact", number, *box, "--reason", "hers", "--who", "eva")
    assert (code, "ended ADMITTED" in said) == (0, True)
    assert run("apply") == (0, "nothing is decided and not applied\n")


@pytest.mark.parametrize("box", ["1,2,3,4", "a,b,c,d,e", "1,2,3,4,5,6"])
def test_a_box_has_five_numbers(run, box):
    assert run("redact", 1, "--box", box, "--reason", "so")[0] == 2


def test_it_is_rejected_or_walked_again(region, run, number):
    assert run("reject", number, "--reason", " ") == (1, "mammo: say why\n")
    code, said = run("retry", number, "--reason", "after an update")
    assert code == 0
    assert f"{number} ended SUSPECT, and waits again: a marker contradicts the header\n" in said
    assert run("reject", number, "--reason", "a letter")[0] == 0
    assert run("reject", number, "--reason", "a letter")[0] == 1
    assert run("show", 99)[0] == 1
    assert run("reject", number)[0] == 2


def test_what_expires_is_told_by_the_exit_code(run, number, monkeypatch, region):
    assert run("status")[0] == 0
    assert "0 expired, 0 sealed files erased" in run("expire")[1]

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2020, 1, 1, tzinfo=UTC) if tz is None else _NOW + timedelta(days=25)

    monkeypatch.setattr("datetime.datetime", Later)
    code, said = run("status")
    assert (code, "expire within a week 2" in said) == (1, True)


_NOW = datetime.now(UTC)


def test_who_somebody_is_cannot_be_said_in_production(run, number, production):
    production()
    code, said = run("approve", number, "--reason", "so", "--who", "eva")
    assert (code, "for development" in said) == (2, True)
    assert run("approve", number, "--reason", "so")[0] == 0


def test_a_variable_alone_makes_no_development(run, number, production, tmp_path):
    """With a third party, the region's key file is as production has it."""
    create(tmp_path / "own.key", OWN_ROOTS)
    for path in (tmp_path / "own.key", tmp_path / "none.key"):
        production(key_file=path)
        code, said = run("approve", number, "--reason", "so", "--who", "eva")
        assert (code, "for development" in said) == (2, True)


def test_no_variable_makes_somebody_another(monkeypatch, tmp_path):
    me = pwd.getpwuid(os.getuid()).pw_name
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(variable, "eva")
    monkeypatch.setattr(module, "_LOGIN", tmp_path / "none")
    assert who() == me
    monkeypatch.setattr(module, "_LOGIN", tmp_path / "login")
    for told, name in (
        (str(0xFFFFFFFF), me),
        ("nonsense", me),
        ("0", "root"),
        ("61234", "uid 61234"),
    ):
        (tmp_path / "login").write_text(told)
        assert who() == name


def test_a_canary_is_nowhere_but_under_seal(
    region, run, number, tmp_path, sqlite_databases, caplog
):
    """Keys, ledger, catalogue, landing and what is said: all are searched for her."""
    run("redact", number, "--box", "1,300,500,360,540", "--reason", "Provström Åsa!", "--who", "a")
    keys = list(region.quarantine.keys())
    stores = [b"".join(region.quarantine.get(key)) for key in keys]
    for engine in (region.ledger._engine, region.publisher._engine):
        database = Path(engine.url.database)
        stores += [path.read_bytes() for path in database.parent.glob(f"{database.name}*")]
    landing = [path for path in region.landing.rglob("*") if path.is_file()]
    stores += [path.read_bytes() for path in landing]
    names = "\n".join([*keys, *(str(path.relative_to(region.landing)) for path in landing)])
    for secret in SECRETS:
        assert secret not in names + caplog.text
        for written in (secret.encode(), secret.encode("latin-1", "replace")):
            assert not any(written in one for one in stores)
    assert len(stores) > 6
