"""The scorer on trial: one who does nothing must fail, one who knows the key must pass."""

import shutil
from pathlib import Path

import pytest

from tests.corpus.corpus import Corpus, write_corpus
from tests.corpus.key import Action, Expected, read_key, write_key
from tests.corpus.perfect import perfect
from tests.corpus.planting import phrases
from tests.corpus.reading import fold, in_order, says
from tests.corpus.score import Ending, score


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return write_corpus(tmp_path_factory.mktemp("corpus") / "originals", subjects=2, seed=3)


def judged(corpus: Corpus, results: Path, names: dict[str, str]):
    endings = {
        answer.file: Ending(names[answer.file])
        if answer.expected["mammography"] is not Expected.REFUSED
        else Ending(reason="refused")
        for answer in corpus.answers
    }
    return score(corpus.folder, results, corpus.answers, endings, profile="mammography")


def test_one_who_does_nothing_fails_whatever_has_to_change(corpus):
    same = {answer.file: answer.file for answer in corpus.answers}
    result = judged(corpus, corpus.folder, same)
    for action in (Action.UID_CHANGED, Action.DATE_SHIFTED, Action.PATID_CONSISTENT):
        assert result.rate(action) == 0, action
    assert result.rate(Action.TEXT_REMOVED) < 0.02
    assert result.rate(Action.TEXT_RETAINED) == result.harmless == 1
    assert result.rate(Action.PIXELS_RETAINED) == result.rate(Action.TEXT_NOTNULL) == 1


def test_one_who_releases_nothing_fails_whatever_has_to_stay(corpus):
    endings = {answer.file: Ending(reason="no") for answer in corpus.answers}
    result = score(corpus.folder, corpus.folder, corpus.answers, endings, profile="mammography")
    assert result.rate(Action.TEXT_REMOVED) == 1
    for action in (Action.TEXT_RETAINED, Action.TAG_RETAINED, Action.PIXELS_RETAINED):
        assert result.rate(action) == 0, action
    assert result.harmless == 0


def test_a_file_without_an_outcome_fails(corpus):
    result = score(corpus.folder, corpus.folder, corpus.answers, {}, profile="mammography")
    assert result.endings.total() == len(corpus.answers)
    assert result.rate(Action.TEXT_NOTNULL) == 0


def test_one_who_knows_the_key_passes(corpus, tmp_path):
    names = {}
    for number, answer in enumerate(corpus.answers):
        names[answer.file] = f"{number}.dcm"
        known = perfect(corpus.folder / answer.file, answer)
        (tmp_path / names[answer.file]).write_bytes(known)
    result = judged(corpus, tmp_path, names)
    assert [str(failure) for failure in result.failures] == []
    assert result.harmless == 1


def test_one_date_out_of_step_is_seen(corpus, tmp_path):
    names = {}
    for number, answer in enumerate(corpus.answers):
        names[answer.file] = f"{number}.dcm"
        known = perfect(corpus.folder / answer.file, answer, late=number == 0)
        (tmp_path / names[answer.file]).write_bytes(known)
    failed = judged(corpus, tmp_path, names).failed(Action.DATE_SHIFTED)
    assert {failure.file for failure in failed} == {corpus.answers[0].file}


def test_a_leak_far_from_its_place_is_seen(corpus, tmp_path):
    answer = corpus.answers[0]
    shutil.copytree(corpus.folder, tmp_path, dirs_exist_ok=True)
    known = perfect(corpus.folder / answer.file, answer)
    name = next(c.literals[0] for c in answer.checks if c.where == "anywhere" and c.kind == "name")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        spoiled = known[:20] + name.encode(encoding) + known[20 + len(name.encode(encoding)) :]
        (tmp_path / "result.dcm").write_bytes(spoiled)
        result = judged(Corpus(corpus.folder, (answer,)), tmp_path, {answer.file: "result.dcm"})
        assert "name" in {failure.check.kind for failure in result.failed(Action.TEXT_REMOVED)}


def test_the_key_survives_the_disk(corpus, tmp_path):
    write_key(corpus.answers, tmp_path / "key.jsonl")
    assert tuple(read_key(tmp_path / "key.jsonl")) == corpus.answers


def test_the_same_seed_makes_the_same_bytes(corpus, tmp_path):
    again = write_corpus(tmp_path, subjects=2, seed=3)
    assert again.answers == corpus.answers
    assert all(
        (again.folder / answer.file).read_bytes() == (corpus.folder / answer.file).read_bytes()
        for answer in corpus.answers
    )


def test_every_action_is_asked_for(corpus):
    assert {check.action for answer in corpus.answers for check in answer.checks} == set(Action)


def test_there_are_harmless_texts_enough():
    assert len({text for texts in phrases().values() for text in texts}) >= 250


@pytest.mark.parametrize(
    ("text", "literal", "said"),
    [
        ("SJOSTROM^ASA", "Åsa Sjöström", False),
        ("pat sjostrom", "Sjöström", True),
        ("Kilic", "K\N{LATIN SMALL LETTER DOTLESS I}l\N{LATIN SMALL LETTER DOTLESS I}ç", True),
        ("Ekonomi", "Ek", False),
        ("fru_ek", "Ek", True),
    ],
)
def test_a_literal_is_found_in_any_case_and_without_marks(text, literal, said):
    assert says(fold(text), literal) is said


def test_words_count_in_their_order():
    assert in_order(("a", "b", "c"), ("x", "a", "c", "b")) == 2
