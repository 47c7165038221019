"""`mammo protection …` on real parts: numbers, and never what is in the file."""

import pytest

from flows import wiring
from flows.cli import main, place
from flows.people import protection as module

SECRETS = ("19570312", "9808", "Provström", "TF-17")


@pytest.fixture
def run(region, protection, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(wiring, "region", lambda: region)
    monkeypatch.setattr(module, "of_region", lambda: protection)

    def say(*arguments: str, text: str = "") -> tuple[int, str]:
        (tmp_path / "flags.csv").write_text(text)
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as ended:
            main(["protection", *arguments])
        said = capsys.readouterr()
        assert not [secret for secret in SECRETS if secret in said.out + said.err]
        return int(ended.value.code or 0), said.out + said.err

    return say


def test_an_import_and_the_status_tell_numbers(run):
    text = "identifier,protected,blocked\n19570312-9808,yes,no\nTF-17,no,no\n"
    code, said = run("import", "flags.csv", text=text)
    assert code == 0
    assert "2 persons, 2 entered" in said
    code, said = run("status")
    assert code == 0
    assert [line.split()[:2] for line in said.splitlines()][:3] == [
        ["persons", "2"],
        ["protected", "1"],
        ["blocked", "0"],
    ]


def test_an_old_list_counts_as_too_old(run):
    text = "identifier,protected,blocked\n19570312-9808,no,no\n"
    run("import", "flags.csv", "--as-of", "2020-01-31", text=text)
    assert "too old    1" in run("status")[1]


def test_a_bad_line_is_told_by_its_number(run):
    text = "identifier,protected,blocked\n19570312-9808,yes,no\nTF-17,Provström,no\n"
    code, said = run("import", "flags.csv", text=text)
    assert code == 1
    assert "line 3: protected is neither" in said
    assert "persons    0" in run("status")[1]
