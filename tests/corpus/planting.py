"""Texts that mix what may stay with what must go, and the claims about them."""

from collections.abc import Iterator
from itertools import cycle
from random import Random

from pydicom.dataset import Dataset

from tests.corpus.key import Action, Answer
from tests.corpus.lists import lines
from tests.corpus.objects import Visit
from tests.corpus.paths import put
from tests.corpus.people import person_name
from tests.corpus.reading import fold, words_of
from tests.corpus.writings import Writing, around_her, is_latin, of_her


def phrases() -> dict[str, list[str]]:
    """Give the harmless texts, by section."""
    return lines("phrases.txt")


class Source:
    """Harmless texts in turn, so that a corpus that is large enough uses every one."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._sections = {}
        for section, texts in phrases().items():
            shuffled = list(texts)
            random.shuffle(shuffled)
            self._sections[section] = (cycle(shuffled), len(texts))

    def phrase(self, section: str, *, avoid: frozenset[str], longest: int = 10_000) -> str:
        """Give the next text of a section that is short enough and says no word to avoid."""
        texts, count = self._sections[section]
        for _ in range(count):
            text = next(texts)
            if len(text) <= longest and avoid.isdisjoint(words_of(fold(text))):
                return text
        return "R CC"


class Planter:
    """Puts texts about one visit into its objects, and writes the answers down."""

    def __init__(self, visit: Visit, source: Source) -> None:
        self.visit = visit
        self.source = source
        self.random = source.random
        woman = visit.woman
        hers = list(of_her(woman, visit.region))
        hers += around_her(woman, visit.region, visit.day, visit.accession)
        self.random.shuffle(hers)
        self.writings = hers
        self._next = cycle(hers)
        names = [woman.given, woman.family, woman.relative, woman.town, visit.region.hospital]
        names += [person_name(visit.staff(step)) for step in range(8)]
        self.avoid = frozenset(words_of(fold(" ".join(names))))

    def writing(self, longest: int = 10_000) -> Writing:
        """Give the next writing of an identifier."""
        return next(one for one in self._next if len(one.text) <= longest)

    def some(self, kind: str, *, latin: bool = False) -> Writing:
        """Give any writing of one kind; `latin`: in letters that every VR can hold."""
        named = [one for one in self.writings if one.kind == kind]
        if latin:
            named = [one for one in named if is_latin(one.text)] or [Writing(kind, "KILIC77")]
        return self.random.choice(named)

    def harmless(
        self, made: Dataset, answer: Answer, where: str, section: str, longest: int = 64
    ) -> None:
        """Plant a text that must stay whole."""
        text = self.source.phrase(section, avoid=self.avoid, longest=longest)
        put(made, where, text)
        answer.add(Action.TEXT_RETAINED, where, f"{section} text", "descriptor", words_of(text))

    def mixed(
        self, made: Dataset, answer: Answer, where: str, section: str, longest: int = 64
    ) -> None:
        """Plant a text of which a part must stay and a part must go."""
        text, claims = self.sentence(section, longest)
        put(made, where, text)
        for action, kind, literals in claims:
            answer.add(action, where, kind, "descriptor", literals)

    def sentence(
        self, section: str, longest: int = 64
    ) -> tuple[str, Iterator[tuple[Action, str, tuple[str, ...]]]]:
        """Make a sentence, and what is claimed of its parts."""
        shortest = self.source.phrase(section, avoid=self.avoid, longest=max(12, longest - 30))
        writing = self.writing(longest - len(shortest) - 2)
        lead = f"{writing.lead} " if writing.lead else ""
        room = longest - len(shortest) - len(writing.text) - 2
        lead = lead if len(lead) <= room else ""
        kept = words_of(shortest)
        match self.random.randrange(4):
            case 0:
                text = f"{writing.text}: {shortest}"
            case 1:
                text = f"{shortest}, {lead}{writing.text}"
            case 2:
                rest = self.source.phrase(section, avoid=self.avoid)
                text = f"{shortest} {lead}{writing.text}. {rest}"
                kept += words_of(rest)
                if len(text) > longest:
                    text, kept = f"{writing.text} {shortest}", words_of(shortest)
            case _:
                text = f"{shortest} {lead}{writing.text}"
        claims = (
            (Action.TEXT_REMOVED, writing.kind, writing.literals),
            (Action.TEXT_RETAINED, f"{section} text", kept),
        )
        return text, iter(claims)

    def hidden(
        self,
        made: Dataset,
        answer: Answer,
        where: str,
        category: str,
        *,
        writing: Writing | None = None,
        vr: str = "",
    ) -> Writing:
        """Plant an identifier alone, and claim that it goes."""
        planted = writing or self.writing(64)
        put(made, where, planted.text, vr)
        answer.add(Action.TEXT_REMOVED, where, planted.kind, category, planted.literals)
        return planted
