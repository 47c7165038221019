"""`mammo application …` and `mammo permit …`: an assessor at the hub's own machine."""

import json
from datetime import date

import pytest

from catalog import audit, permits
from catalog.permits.records import Permit
from catalog.vocabulary import Tier
from flows import wiring
from flows.cli import place
from flows.cli.permit import _tell
from flows.cli.who import who
from flows.settings import Environment, HubSettings
from tests.catalog.applying import ANNA, BERTIL, OWNER, TODAY, permitted, processed, submitted
from tests.catalog.making import authorised


@pytest.fixture
def run(hub, monkeypatch, mammo):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "hub", lambda: hub)

    def say(*arguments: str) -> tuple[int, str]:
        code, out, error = mammo(*arguments)
        return code, out + error

    return say


@pytest.fixture
def engine(hub):
    return hub.catalogue


def of(run, *arguments: str) -> str:
    code, said = run(*arguments)
    assert code == 0, said
    return said


def test_an_application_is_listed_shown_and_that_is_recorded(run, engine):
    assert of(run, "application", "list") == "nobody has applied\n"
    key = submitted(engine).key
    line = of(run, "application", "list", "--state", "submitted").splitlines()[1]
    assert line.split()[:2] == [key, "SUBMITTED"]
    assert line.endswith("The university: Breast density over time")
    assert of(run, "application", "list", "--state", "PROCESSING") == "nobody has applied\n"
    said = of(run, "application", "show", key)
    for words in ("67(2)(a)", "Anna A", "view: CC", "no_marketing: True", f"submit by {OWNER}"):
        assert words in said
    assert "lacks" not in said
    form = json.loads(of(run, "application", "show", key, "--json"))
    assert form["data"]["cohort"]["view"] == "CC"
    shown = [one for one in audit.entries(engine) if one.action == "application.read"]
    assert [(one.actor, one.object) for one in shown] == [(who(), f"application:{key}")] * 2


def test_it_is_screened_processed_and_granted(run, engine):
    key = submitted(engine).key
    assert of(run, "application", "step", key, "screen").endswith("PRE_SCREENING, version 3\n")
    assert of(run, "application", "step", key, "process").endswith("PROCESSING, version 4\n")
    asked = ("application", "decide", key, "--grant", "--reason", "It meets Article 68(1).")
    terms = ("--valid-from", str(TODAY), "--valid-until", f"{TODAY.year + 2}-01-01")
    more = ("--environment", "spe-1", "--condition", "Publish openly.", "--fees", "None.")
    assert run(*asked, *terms, "--version", "3") == (
        1,
        "mammo: it was changed meanwhile; read it again\n",
    )
    issued = of(run, *asked, *terms, *more, "--version", "4").strip()
    assert authorised(engine, issued, who="spe-1", today=TODAY).persons >= {ANNA, BERTIL}
    said = of(run, "permit", "show", issued)
    for words in ("can be used today", "view=CC", "(h) Publish openly.", "(d) anna: Anna A"):
        assert words in said
    assert f"permit: {issued}" in of(run, "application", "show", key)


def test_it_is_refused_and_terms_belong_to_a_grant(run, engine):
    key = processed(engine).key
    asked = ("application", "decide", key, "--version", "4", "--reason", "Article 54(c)")
    code, said = run(*asked, "--grant")
    assert (code, "valid_from" in said) == (2, True)
    assert of(run, *asked, "--refuse") == f"{key} is refused\n"
    assert run(*asked, "--refuse")[0] == 1
    unknown = "app-0000000000000000"
    assert run("application", "show", unknown) == (1, f"mammo: there is no {unknown}\n")


def test_a_permit_is_amended_extended_and_revoked(run, engine):
    first = permitted(engine)
    said = of(run, "permit", "amend", first, "--remove", BERTIL, "--reason", "He left.")
    second = said.split()[0]
    assert permits.get(engine, second).persons == {ANNA}
    until = f"{TODAY.year + 4}-06-30"
    third = of(run, "permit", "extend", second, "--until", until, "--reason", "Asked.").split()[0]
    assert run("permit", "extend", third, "--until", until, "--reason", "Again.")[0] == 1
    lines = {line.split()[0]: line for line in of(run, "permit", "list").splitlines()}
    assert [lines[one].split()[1] for one in (first, second, third)] == [
        *("AMENDED", "RENEWED*", "GRANTED")
    ]
    assert f"{third} takes its place" in of(run, "permit", "show", second)
    ended = of(run, "permit", "revoke", first, "--reason", "Article 63")
    assert ended == f"revoked: {second}, {third}\n"
    assert run("permit", "revoke", second, "--reason", "Article 63") == (
        0,
        f"{second} was revoked already\n",
    )
    assert "REVOKED" in of(run, "permit", "show", third)


def test_who_reads_applications_and_permits_is_recorded(run, engine):
    one = permitted(engine)
    before = len(list(audit.entries(engine)))
    for command in (("application", "list"), ("permit", "list"), ("permit", "show", one)):
        of(run, *command)
    new = list(audit.entries(engine))[before:]
    assert [(line.actor, line.permit_id, line.action, line.object) for line in new] == [
        (who(), "", "application.list", "/applications"),
        (who(), "", "permit.list", "/permits"),
        (who(), one, "permit.read", f"permit:{one}"),
    ]


def test_what_is_typed_wrong_is_said_and_nothing_of_it_kept(run, engine):
    first = permitted(engine)
    for wrong in (
        ("--remove", ANNA),
        ("--add", "eva"),
        ("--add", f"{BERTIL}=B=F"),
        ("--add", "eva=E\x1b=F"),
        ("--until", "2000-01-01"),
    ):
        assert run("permit", "amend", first, *wrong, "--reason", "Why")[0] == 2
    assert run("permit", "amend", first, "--tools", "R", "--reason", " ")[0] == 1
    assert len(of(run, "permit", "list").splitlines()) == 2


def test_a_permit_without_an_application_is_for_development(run, engine, monkeypatch, tmp_path):
    told = {"environment": Environment.PRODUCTION, "release_key_file": tmp_path / "release.key"}
    settings = HubSettings.model_construct(**told)
    monkeypatch.setattr(wiring, "read", lambda _kind: settings)
    code, said = run("permit", "issue", "anna")
    assert (code, "for development" in said) == (2, True)
    assert of(run, "permit", "list") == "nothing was permitted\n"
    object.__setattr__(settings, "environment", Environment.DEVELOPMENT)
    issued = of(run, "permit", "issue", "anna").split()[0]
    assert permits.get(engine, issued).persons == {"anna"}
    assert "without an application" in of(run, "permit", "show", issued)
    assert run("permit", "extend", issued, "--until", "2030-01-01", "--reason", "Why") == (
        1,
        "mammo: the permit was issued for development; issue another\n",
    )


@pytest.mark.parametrize(("tier", "told"), [(Tier.ANON_DOWNLOAD, True), (Tier.PSEUDO_SPE, False)])
def test_what_took_a_permit_s_place_is_to_be_assessed_itself(capsys, tier, told):
    day = date(2026, 11, 22)
    _tell(Permit("permit-2", "A study", "Research", day, day, frozenset(), tier))
    said = capsys.readouterr()
    assert said.out == "permit-2\n"
    assert ("mammo tier assess permit-2" in said.err) is told
