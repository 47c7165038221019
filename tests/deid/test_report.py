import json

import pytest

from deid.findings import Finding
from deid.headers.header import clean_header
from deid.headers.journal import Done
from deid.identity.identifiers import harvest
from deid.profiles.profile import load_profile
from deid.report import (
    Applied,
    InstanceReport,
    Met,
    RunReport,
    applied_rules,
    attribute_list,
)
from deid.report_page import page
from tests.deid.headers import PERSON, SUBKEYS, mammogram, parsed

MEANINGS = {"ADMITTED": "clean", "SUSPECT": "could not be proven clean"}
SECRET = "Sjöström"


@pytest.fixture(scope="module")
def profile():
    return load_profile()


@pytest.fixture(scope="module")
def journal(profile):
    original = parsed(
        mammogram(PatientName=f"{SECRET}^Åsa", StudyDescription=f"Mammografi {SECRET}")
    )
    cleaned = clean_header(
        original,
        profile=profile,
        person=PERSON,
        subkeys=SUBKEYS,
        identifiers=harvest(original),
    )
    return cleaned.journal


def instance(number: int = 1, **changes: object) -> InstanceReport:
    rule = Applied("(0010,0010)", "PatientName", "P", "REPLACED", "one subject", "PS3.15 E.1-1")
    other = Applied("(0008,1030)", "StudyDescription", "C", "CLEANED", "text", "PS3.15 E.3.5")
    told = {
        "outcome": "ADMITTED",
        "sop_class": "Secondary Capture Image Storage",
        "uids": ("2.25.1", "2.25.2", f"2.25.{number}"),
        "rules": {rule: Met(1, 0), other: Met(1, 3)},
        "codes": ("113100",),
    }
    return InstanceReport(number, **(told | changes))


def run_of(profile, *instances: InstanceReport) -> dict:
    run = RunReport()
    for one in instances:
        run.add(one)
    return run.as_json(profile, mode="deid", key_version="local-1", detector="net", seconds=1.26)


def test_every_attribute_is_counted_once(journal):
    rules = applied_rules(journal)
    assert sum(met.attributes for met in rules.values()) == len(journal)
    assert {rule.done for rule in rules} <= {done.name for done in Done}


def test_rules_are_told_with_tag_action_and_clause(journal):
    rules = {rule.keyword: (rule, met) for rule, met in applied_rules(journal).items()}
    rule, met = rules["PatientName"]
    assert (rule.tag, rule.action, rule.done) == ("(0010,0010)", "P", "REPLACED")
    assert rule.clause == "PS3.15 E.1-1 note 3"
    assert met == Met(1, 0)
    rule, met = rules["StudyDescription"]
    assert (rule.action, rule.done) == ("C", "CLEANED")
    assert met.words > 0


def test_no_value_is_told(journal):
    told = json.dumps([*attribute_list(journal)]) + json.dumps(
        InstanceReport(1, "ADMITTED", rules=applied_rules(journal)).as_json(), ensure_ascii=False
    )
    assert SECRET not in told
    assert "2.25." not in told


def test_each_attribute_is_listed_by_path_in_a_rehearsal(journal):
    listed = list(attribute_list(journal))
    assert len(listed) == len(journal)
    nested = [one for one in listed if "[0]" in one["path"]]
    assert nested
    assert all(one["done"] in {done.name for done in Done} for one in listed)


def test_an_instance_is_summed_by_clause_action_and_done():
    told = instance(boxes=2).as_json()
    assert told["schema"] == "mammo-deid-instance/1"
    assert told["done"] == {"CLEANED": 1, "REPLACED": 1}
    assert {
        "clause": "PS3.15 E.3.5",
        "action": "C",
        "done": "CLEANED",
        "attributes": 1,
    } in told["rules"]
    assert told["words_removed"] == 3
    assert told["boxes_blanked"] == 2
    assert "attributes" not in told
    json.dumps(told)


def test_a_run_sums_its_instances(profile):
    stopped = instance(
        3,
        outcome="SUSPECT",
        reason="an identifier is left in the header",
        rules={},
        codes=(),
        findings=(Finding("(0040,0275)[0](0008,0050)", "name"),),
    )
    told = run_of(profile, instance(1, boxes=2), instance(2), stopped)
    assert told["schema"] == "mammo-deid-run/1"
    assert told["outcomes"] == {"ADMITTED": 2, "SUSPECT": 1}
    assert told["files"] == 3
    assert told["reasons"] == [
        {"outcome": "SUSPECT", "reason": "an identifier is left in the header", "files": 1}
    ]
    assert told["done"] == {"CLEANED": 2, "REPLACED": 2}
    assert (told["words_removed"], told["boxes_blanked"], told["instances_blanked"]) == (6, 2, 1)
    assert told["findings"] == [
        {"where": "(0040,0275)[](0008,0050)", "what": "name", "instances": 1}
    ]
    (rule,) = [one for one in told["rules"] if one["keyword"] == "StudyDescription"]
    assert (rule["attributes"], rule["instances"], rule["words"]) == (2, 2, 6)
    assert told["profile"]["digest"] == profile.digest
    assert told["profile"]["edition"] == profile.edition
    assert {one["code"]: one["instances"] for one in told["codes"]}["113100"] == 2
    assert told["seconds"] == 1.3
    json.dumps(told)


def test_the_pixels_claim_is_counted_too(profile):
    told = run_of(profile, instance(codes=("113100", "113101")))
    assert {one["code"]: one["instances"] for one in told["codes"]}["113101"] == 1


def test_the_page_stands_alone_and_says_the_sums(profile):
    text = page(run_of(profile, instance(1), instance(2)), meanings=MEANINGS)
    assert text.startswith("<!doctype html>")
    for elsewhere in ("http:", "https:", "src=", "<script", "@import", "url("):
        assert elsewhere not in text
    assert "prefers-color-scheme" in text or "color-scheme: light dark" in text
    assert "@media print" in text
    assert "PatientName" in text
    assert profile.digest in text


def test_the_page_escapes_everything(profile):
    evil = "<b onload=x>&\"'"
    one = instance(
        outcome=evil, reason=evil, sop_class=evil, rules={Applied(*[evil] * 6): Met(1, 1)}
    )
    text = page(run_of(profile, one), [one.as_json()], meanings={evil: evil}, key=evil)
    assert "<b onload" not in text
    assert "&lt;b onload=x&gt;&amp;" in text


def test_the_page_of_a_large_run_stays_small(profile):
    run = RunReport()
    stopped = []
    for number in range(10_000):
        rules = {Applied(f"({number % 900:04})", "K", "X", "REMOVED", "r", "c"): Met(1, 0)}
        one = instance(number, outcome="SUSPECT", reason="r", rules=rules)
        run.add(one)
        stopped.append(one.as_json())
    told = run.as_json(profile, mode="deid", key_version="k", detector="d", seconds=9)
    text = page(told, stopped, meanings=MEANINGS)
    assert len(text) < 200_000
    assert "9,500 more are not shown here" in text
    assert "more rules changed something" in text


def test_a_rehearsal_says_that_pixels_were_not_looked_at(profile):
    run = run_of(profile, instance()) | {"mode": "dry-run"}
    assert "A rehearsal reads headers alone" in page(run, meanings=MEANINGS)
