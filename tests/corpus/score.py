"""The scorer: what a result folder makes of an answer key, in MIDI-B's way and in ours.

MIDI-B's score is passes by checks, all of equal weight; a file that should be there and is not
fails all that asks for something to be kept. Beyond it: a shifted date must be shifted by the
woman's own whole weeks, and what identifies her may stand nowhere in a file, not only not where
it stood.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from tests.corpus.judging import (
    at,
    days_between,
    far,
    hidden,
    is_tag,
    places,
    position,
    retained,
    same_pixels,
)
from tests.corpus.key import ANYWHERE, Action, Answer, Check, Expected
from tests.corpus.paths import find, values
from tests.corpus.reading import Result, as_it_is, fold, in_order, says, words_of

KEEPS = {
    Action.TAG_RETAINED,
    Action.TEXT_NOTNULL,
    Action.TEXT_RETAINED,
    Action.PIXELS_RETAINED,
    Action.PIXELS_HIDDEN,
}
NOT_ADMITTED = "not admitted: "
_LONGEST_SHIFT = 26
_DAY = 8


@dataclass(frozen=True)
class Ending:
    """What became of one file: where its result lies, or why there is none."""

    target: str = ""
    reason: str = ""

    @property
    def admitted(self) -> bool:
        """Whether there is a result."""
        return bool(self.target)


@dataclass(frozen=True)
class Failure:
    """One claim that does not hold."""

    file: str
    area: str
    check: Check
    why: str
    got: str = ""

    def __str__(self) -> str:
        check = self.check
        return (
            f"[{self.area}] {check.action} {check.category} / {check.kind} at {check.where}"
            f" of {self.file}: {self.why}; asked {check.literals!r}, got {self.got!r}"
        )


@dataclass
class Score:
    """Passes and checks by action and by category, and what failed."""

    passed: Counter[tuple[str, str]] = field(default_factory=Counter)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    words: int = 0
    words_kept: int = 0
    endings: Counter[str] = field(default_factory=Counter)

    def rate(self, action: str = "", category: str = "") -> float:
        """Give the part of claims that hold, of an action, a category, or all."""
        keys = [
            key
            for key in self.asked
            if (not action or key[0] == action) and (not category or key[1] == category)
        ]
        asked = sum(self.asked[key] for key in keys)
        return sum(self.passed[key] for key in keys) / asked if asked else 1.0

    def failed(self, action: str) -> list[Failure]:
        """Give the claims of an action that do not hold."""
        return [failure for failure in self.failures if failure.check.action == action]

    @property
    def harmless(self) -> float:
        """Give the part of harmless texts that stayed whole."""
        texts = [key for key in self.asked if key[0] == "harmless"]
        asked = sum(self.asked[key] for key in texts)
        return sum(self.passed[key] for key in texts) / asked if asked else 1.0

    def lines(self) -> Iterator[str]:
        """Give the table as `name=value` lines."""
        real = [key for key in self.asked if key[0] != "harmless"]
        asked = sum(self.asked[key] for key in real)
        yield f"checks={asked}"
        yield f"midi_b={sum(self.passed[key] for key in real) / max(asked, 1):.5f}"
        for action in Action:
            yield f"{action}={self.rate(action):.5f}"
        yield f"harmless_texts_retained={self.harmless:.5f}"
        yield f"harmless_words_retained={self.words_kept / max(self.words, 1):.5f}"
        for category in sorted({key[1] for key in real}):
            name = category.replace(" ", "_").replace("=", "_")
            yield f"category.{name}={self.rate(category=category):.5f}"
        for ending, count in sorted(self.endings.items()):
            yield f"files.{ending.replace(' ', '_')}={count}"


def score(
    source: Path,
    results: Path,
    answers: Iterable[Answer],
    endings: Mapping[str, Ending],
    *,
    profile: str,
    pixels_read: bool = False,
) -> Score:
    """Hold results against the answer key.

    Args:
        source: The folder of originals.
        results: The folder that the endings' targets lie in.
        answers: The key.
        endings: What became of every file.
        profile: Under which profile.
        pixels_read: Whether text in pixels was looked for.
    """
    with as_it_is():
        return _Scorer(source, results, list(answers), endings, profile, pixels_read).run()


class _Scorer:
    def __init__(
        self,
        source: Path,
        results: Path,
        answers: list[Answer],
        endings: Mapping[str, Ending],
        profile: str,
        pixels_read: bool,
    ) -> None:
        self.source, self.results = source, results
        self.answers, self.endings = answers, endings
        self.profile, self.pixels_read = profile, pixels_read
        self.score = Score()
        self.uids: dict[str, set[str]] = defaultdict(set)
        self.originals: dict[str, set[str]] = defaultdict(set)
        self.ids: dict[int, set[str]] = defaultdict(set)
        self.owners: dict[str, set[int]] = defaultdict(set)
        self.shifts: dict[int, Counter[int]] = defaultdict(Counter)

    def run(self) -> Score:
        for answer in self.answers:
            result = self._result(answer)
            if result is not None:
                self._learn(answer, result)
        for answer in self.answers:
            self._judge(answer)
        return self.score

    def _ending(self, answer: Answer) -> Ending:
        return self.endings.get(answer.file, Ending(reason="no outcome"))

    def _result(self, answer: Answer) -> Result | None:
        ending = self._ending(answer)
        return Result((self.results / ending.target).read_bytes()) if ending.admitted else None

    # ---- what all files together say ----------------------------------------------------

    def _learn(self, answer: Answer, result: Result) -> None:
        for check in answer.checks:
            if "0040A730" in check.where or not is_tag(check.where):
                continue
            got = values(find(result.dataset, check.where))
            if check.action is Action.UID_CONSISTENT and got:
                self._learn_uid(answer, check, got)
            elif check.action is Action.PATID_CONSISTENT:
                self.ids[answer.woman].add("".join(got))
                self.owners["".join(got)].add(answer.woman)
            elif check.action is Action.DATE_SHIFTED:
                pairs = zip(check.literals, got, strict=False)
                known = (days_between(before, after) for before, after in pairs)
                self.shifts[answer.woman].update(days for days in known if days is not None)

    def _learn_uid(self, answer: Answer, check: Check, got: tuple[str, ...]) -> None:
        place = position(self._original(answer), check)
        if place < len(got):
            self.uids[check.literals[0]].add(got[place])
            self.originals[got[place]].add(check.literals[0])

    def _original(self, answer: Answer) -> Dataset:
        return dcmread(self.source / answer.file, defer_size=1024)

    def _shift(self, woman: int) -> int:
        return self.shifts[woman].most_common(1)[0][0] if self.shifts[woman] else 0

    # ---- one file ------------------------------------------------------------------------

    def _judge(self, answer: Answer) -> None:
        ending = self._ending(answer)
        expected = answer.expected[self.profile]
        self.score.endings[ending.reason.partition(" (")[0] or "admitted"] += 1
        if not ending.admitted:
            if expected is Expected.ADMITTED or ending.reason == "no outcome":
                for check in answer.checks:
                    self._count(answer, check, _kept_out(check), f"{NOT_ADMITTED}{ending.reason}")
            return
        if expected is Expected.REFUSED:
            admitted = Check(Action.TEXT_REMOVED, ANYWHERE, "refusal", "outcome")
            self._count(answer, admitted, False, "admitted, but has to be refused")
        result = self._result(answer)
        assert result is not None
        for check in answer.checks:
            if check.action is Action.PIXELS_HIDDEN and not self.pixels_read:
                continue
            if check.action is Action.PIXELS_RETAINED:
                same = same_pixels(self._original(answer), result)
                self._count(answer, check, same, "pixels changed")
                continue
            passed, got = self._holds(answer, ending, result, check)
            self._count(answer, check, passed, "does not hold", got)

    def _count(self, answer: Answer, check: Check, passed: bool, why: str, got: str = "") -> None:
        key = (str(check.action), check.category)
        self.score.asked[key] += 1
        self.score.passed[key] += passed
        if check.action is Action.TEXT_RETAINED and check.kind.endswith("text"):
            harmless = ("harmless", check.kind)
            self.score.asked[harmless] += 1
            self.score.passed[harmless] += passed
            self.score.words += len(check.literals)
            kept = in_order(check.literals, words_of(got)) if got else 0
            self.score.words_kept += len(check.literals) if passed else kept
        if not passed:
            area = _area(answer, check, why)
            self.score.failures.append(Failure(answer.file, area, check, why, got))

    def _holds(
        self, answer: Answer, ending: Ending, result: Result, check: Check
    ) -> tuple[bool, str]:
        said = at(result.dataset, check.where)
        match check.action:
            case Action.TEXT_REMOVED:
                holds = self._removed(ending, result, check)
            case Action.TEXT_RETAINED:
                holds = retained(result, check)
            case Action.TAG_RETAINED:
                holds = any(True for _ in said), ""
            case Action.TEXT_NOTNULL:
                holds = any(one for values in said for one in values), ""
            case Action.DATE_SHIFTED:
                holds = self._shifted(answer, result, check)
            case Action.PIXELS_HIDDEN:
                holds = hidden(self._original(answer), result, check), ""
            case _:
                holds = self._identified(answer, result, check)
        return holds

    def _identified(self, answer: Answer, result: Result, check: Check) -> tuple[bool, str]:
        if check.action is Action.UID_CHANGED:
            return not any(check.literals[0] in text for text in result.texts), ""
        if check.action is Action.UID_CONSISTENT:
            new = self.uids[check.literals[0]]
            return len(new) <= 1 and all(len(self.originals[uid]) == 1 for uid in new), str(new)
        ids = self.ids[answer.woman]
        one = len(ids) == 1 and all(self.owners[known] == {answer.woman} for known in ids)
        return one and "" not in ids and not ids & set(check.literals), str(ids)

    def _removed(self, ending: Ending, result: Result, check: Check) -> tuple[bool, str]:
        if check.where == "file name":
            left = [one for one in check.literals if says(fold(ending.target), one)]
            return not left, ending.target if left else ""
        left = [one for one in check.literals if far(check, one) and result.leaks(one)]
        if left:
            return False, f"{left} in {'; '.join(places(result.dataset, left[0])) or 'the bytes'}"
        got = " \\ ".join(one for said in at(result.dataset, check.where) for one in said)
        return not any(says(fold(got), one) for one in check.literals), got

    def _shifted(self, answer: Answer, result: Result, check: Check) -> tuple[bool, str]:
        got = [one for said in at(result.dataset, check.where) for one in said if one]
        if not got:
            return True, ""
        if "0040A730" in check.where:
            return not set(got) & set(check.literals), str(got)
        weeks, odd = divmod(self._shift(answer.woman), 7)
        fits = not odd and 1 <= abs(weeks) <= _LONGEST_SHIFT and len(got) == len(check.literals)
        for before, after in zip(check.literals, got, strict=False):
            days = days_between(before, after)
            fits &= days is None or (days == weeks * 7 and before[_DAY:14] == after[_DAY:14])
        return fits, str(got)


def _area(answer: Answer, check: Check, why: str) -> str:
    """Tell whose code is on trial."""
    if why.startswith(NOT_ADMITTED):
        return "not admitted"
    if check.category == "file name":
        return "offline"
    if check.kind.endswith("text") or check.category in {"descriptor", "annotation"}:
        return "text"
    return "tables" if check.category.startswith("private") else answer.area


def _kept_out(check: Check) -> bool:
    """Tell whether a claim holds of a file that was not let through."""
    return check.action not in KEEPS and check.action is not Action.PATID_CONSISTENT
