from catalog.outcome import Outcome
from flows.offline.journal import Journal
from flows.offline.one_file import ended


def reopened(folder) -> Journal:
    journal = Journal(folder / "done.jsonl", folder / "clean", str.upper)
    if (folder / "done.jsonl").exists():
        journal.read()
    journal.open()
    return journal


def recorded(folder) -> Journal:
    journal = reopened(folder)
    journal.record("a", "basis", "", ended(1, Outcome.SUSPECT, "why"))
    journal.close()
    return reopened(folder)


def test_what_was_recorded_is_known_again(tmp_path):
    journal = recorded(tmp_path)
    kept = journal.kept("a")
    assert (kept.basis, kept.target, kept.outcome) == ("basis", "", Outcome.SUSPECT)
    assert journal.done(kept, 7) == ended(7, Outcome.SUSPECT, "why")
    assert journal.kept("b") is None


def test_what_was_taken_back_stays_so(tmp_path):
    journal = recorded(tmp_path)
    journal.keep({"b": lambda _kept: True})
    journal.close()
    assert reopened(tmp_path).kept("a") is None


def test_what_would_be_made_the_same_is_kept(tmp_path):
    journal = recorded(tmp_path)
    journal.keep({"a": lambda kept: kept.basis == "basis"})
    assert journal.kept("a") is not None
    journal.keep({"a": lambda kept: kept.basis == "other"})
    assert journal.kept("a") is None


def test_an_empty_folder_of_what_was_taken_back_goes_and_a_full_one_stays(tmp_path):
    journal = reopened(tmp_path)
    for name in ("one/two/a", "one/b"):
        path = tmp_path / "clean" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        journal.announce(name, name)
    journal.record("one/b", "basis", "one/b", ended(2, Outcome.ADMITTED, ""))
    journal.close()
    reopened(tmp_path)
    left = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "clean").rglob("*")}
    assert left == {"clean/one", "clean/one/b"}
