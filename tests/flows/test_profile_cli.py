from pathlib import Path

import pytest

from deid.profiles.conformance import statement
from deid.profiles.profile import load_profile

ROOT = Path(__file__).parents[2]
HEAD = 'extends = "mammography"\nname = "mine"\nversion = "1"\n'


def test_the_shipped_profiles_are_listed_with_what_they_claim(mammo):
    code, out, _ = mammo("profile", "list")
    assert code == 0
    for name in ("mammography", "general"):
        profile = load_profile(name)
        assert f"{name:12} version {profile.version}, PS3.15 {profile.edition}" in out
        assert profile.digest[:16] in out
    assert "113105  Clean Descriptors Option" in out


def test_a_right_profile_is_said_to_be_right(mammo, tmp_path):
    (tmp_path / "mine.toml").write_text(HEAD)
    code, out, _ = mammo("profile", "check", tmp_path / "mine.toml")
    assert code == 0
    assert out.startswith("mine.toml is right: mine 1, PS3.15 2026d")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            'rules = [\n  { tag = "00081030", action = "Q", reason = "r", clause = "c" },\n]\n',
            "mine.toml, line 5, rules[0]",
        ),
        (
            'rules = [\n  { tag = "00081030", action = "X", reason = "r" },\n]\n',
            "mine.toml, line 5, rules[0]",
        ),
        (
            'rules = [\n  { tag = "00081030", acton = "X", reason = "r", clause = "c" },\n]\n',
            "mine.toml, line 5, rules[0]: action: is missing; there is no key 'acton'",
        ),
        (
            '[[devices]]\nmaker = "A"\nmodel = "B"\nis = "unit"\nreason = "r"\nclause = "c"\n',
            "mine.toml, line 4, devices[0]: unit: no rule says",
        ),
        ('options = ["keep_it_all"]\n', "mine.toml, line 4, options"),
        ("rules = [\n", "mine.toml"),
        ('accpet = ["x"]\n', "mine.toml, line 4, accpet"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_rule(mammo, tmp_path, more, said):
    (tmp_path / "mine.toml").write_text(HEAD + more)
    code, out, error = mammo("profile", "check", tmp_path / "mine.toml")
    assert code == 1
    assert out == ""
    assert error.startswith(f"mammo: {said}")
    assert error.count("\n") == 1


def test_one_attribute_is_shown(mammo):
    code, out, _ = mammo("profile", "show", "PatientAge")
    assert code == 0
    assert "G  kept as an age, capped" in out


def test_the_gate_is_shown(mammo):
    code, out, _ = mammo("profile", "gate")
    assert code == 0
    assert "device: unknown device\n   review: unknown device\n" in out
    assert "(0028,0301) BurnedInAnnotation: ^(?!NO$).\n   refused: declared" in out
    _, out, _ = mammo("profile", "gate", "--profile", "general")
    assert "   blanked outside its regions, in every frame\n" in out
    _, out, _ = mammo("profile", "show", "BurnedInAnnotation")
    assert "At the gate: if a value matches ^(?!NO$).\n   refused: declared" in out


def test_devices_are_shown_and_one_is_looked_up(mammo, tmp_path):
    _, out, _ = mammo("profile", "devices")
    assert "film digitiser: maker VIDAR.*, model .*\n" in out
    one = ("profile", "devices", "--maker", "Acme AB", "--model", "Mammo 9")
    _, out, _ = mammo(*one)
    assert out.startswith("maker ACME AB, model MAMMO 9\nunknown device\n   review: unknown device")
    (tmp_path / "mine.toml").write_text(
        HEAD + '[[devices]]\nis = "mammography unit"\nmaker = "ACME AB"\nmodel = "MAMMO 9"\n'
        'reason = "ours"\nclause = "decision 3"\n'
    )
    _, out, _ = mammo(*one, "--profile", tmp_path / "mine.toml")
    assert "mammography unit: ours (decision 3)\n   passed on" in out


def test_the_whole_table_is_shown(mammo):
    _, out, _ = mammo("profile", "show", "--profile", "general")
    assert len(out.splitlines()) == 657
    assert any(line.startswith("(0010,0010)  Patient's Name") for line in out.splitlines())


def test_a_statement_of_a_file_is_of_that_file(mammo, tmp_path):
    (tmp_path / "mine.toml").write_text(HEAD)
    _, out, _ = mammo("profile", "conformance", "--profile", tmp_path / "mine.toml")
    assert "conformance statement of the profile `mine`" in out


def test_the_page_in_the_docs_is_what_the_rules_say(mammo):
    _, out, _ = mammo("profile", "conformance")
    assert out == statement(load_profile())
    page = (ROOT / "docs" / "deid.md").read_text(encoding="utf-8")
    assert page == out, "make it again: mammo profile conformance > docs/deid.md"
