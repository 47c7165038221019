"""Which words of a text may stay: each by itself, and then by the words beside it."""

from re import compile as compile_pattern

from deid.language.letters import is_said_of, is_side, is_view, may_stand
from deid.language.lexicon import Kind, Lexicon, small
from deid.language.sentence import Sentence, State, Word
from deid.language.tokens import humps, is_code, word_of

_LEAST_SPELLED = 3
# No measure has zeros before it but one
_NUMBER = compile_pattern(r"0[0-9]{0,2}|[1-9][0-9]{0,3}")
_SPELLED = compile_pattern(r"[ ._\t-]{1,2}")
_JOINED = compile_pattern(r"(?<!\w)[^\W_]+(?:[./-][^\W_]+){1,3}(?!\w)")
_APOSTROPHE = compile_pattern("['\u2019\u00b4`]")
_LONGEST_SURNAME = 12
_TITLE_GAP = compile_pattern(r"\.?[ \t]{1,2}|\.")
_VERBS_TOO, _ARTICLES = frozenset({"may", "dec"}), frozenset({"den", "the"})
_SENTENCE_ENDS = compile_pattern(r"[.!?]\s|\n")


def decide(sentence: Sentence, lexicon: Lexicon) -> None:
    """Decide of every word that nothing was decided of."""
    _Judge(sentence, lexicon).decide()


class _Judge:
    def __init__(self, sentence: Sentence, lexicon: Lexicon) -> None:
        self._sentence = sentence
        self._words = sentence.words
        self._lexicon = lexicon
        self._kinds: dict[str, Kind] = {}
        self._calendar = lexicon.context["calendar"]

    def decide(self) -> None:
        joined, spelled = self._joined(), self._spelled()
        for place, word in enumerate(self._words):
            if word.goes or place in joined:
                continue
            word.state = State.GOES if place in spelled else self._state(place, word)
        self._take_parts()
        self._decide_doubtful()
        self._take_titled()
        self._take_titles()
        self._take_calendar()

    def _joined(self) -> set[int]:
        """Give the places of words within what is known as a whole: "fr.o.m", "C-View"."""
        found: set[int] = set()
        for match in _JOINED.finditer(self._sentence.text):
            if match[0].lower() in self._lexicon.listed:
                found.update(self._sentence.places(match.start(), match.end()))
        return found

    def _spelled(self) -> set[int]:
        """Give the places of letters that spell an unknown word, such as "A n n a"."""
        found: set[int] = set()
        run: list[int] = []
        for place in range(len(self._words) + 1):
            single = place < len(self._words) and len(self._words[place].text) == 1
            single = single and self._words[place].text.isalpha()
            if single and (not run or _SPELLED.fullmatch(self._sentence.between(run[-1], place))):
                run.append(place)
                continue
            if len(run) >= _LEAST_SPELLED and not self._is_word(run):
                found.update(run)
            run = [place] if single else []
        return found

    def _is_word(self, places: list[int]) -> bool:
        return self._lexicon.is_harmless("".join(self._words[place].small for place in places))

    def _state(self, place: int, word: Word) -> State:
        if word.small.isdigit():
            return State.STAYS if _NUMBER.fullmatch(word.small) else State.GOES
        if len(word.small) == 1:
            return self._state_of_letter(place, word)
        kind = self._kinds.get(word.text)
        if kind is None:
            kind = self._kinds[word.text] = self._kind(word)
        if kind is Kind.DOUBTFUL:
            return State.DOUBTFUL
        return State.STAYS if kind is Kind.HARMLESS else State.GOES

    def _state_of_letter(self, place: int, word: Word) -> State:
        before, after = self._sentence.small(place - 1), self._sentence.small(place + 1)
        context = self._lexicon.context
        dotted = self._sentence.text[word.end : word.end + 1] == "."
        if not may_stand(word.text, before, after, context, dotted=dotted):
            return State.GOES
        if is_view(context, before, after) or is_said_of(word.text, before, context):
            return State.STAYS
        if is_side(word.text) or (word.text.isupper() and after.isalpha()):
            return State.DOUBTFUL
        return State.STAYS

    def _kind(self, word: Word) -> Kind:
        kind = self._lexicon.judge(word.small)
        if kind is not Kind.UNKNOWN:
            return kind
        if not word.small.isalpha():
            return self._kind_of_mixed(word)
        parts = humps(word.text)
        if len(parts) > 1 and all(
            len(p) > 1 and self._lexicon.is_harmless(small(p)) for p in parts
        ):
            return Kind.HARMLESS
        return Kind.UNKNOWN

    def _kind_of_mixed(self, word: Word) -> Kind:
        """Judge letters with digits or an apostrophe among them."""
        if is_code(word.small):
            return Kind.HARMLESS
        alone = word_of(word.small)
        if not alone and word.small[-1] in "snt":
            alone = _APOSTROPHE.split(word.small)[0]
        return self._lexicon.judge(alone) if alone and alone != word.small else Kind.UNKNOWN

    def _take_parts(self) -> None:
        """Take out "van der" of "van der Berg", and either half of "Inga-Lill"."""
        for place in range(len(self._words) - 2, -1, -1):
            word, name = self._words[place], self._words[place + 1]
            gap = self._sentence.between(place, place + 1)
            if gap == "-" and self._is_half(word, name):
                word.state = name.state = State.GOES
            elif gap == " " and self._is_particle(word) and name.state is State.GOES:
                word.state = State.GOES if name.text[0].isalpha() else word.state

    def _is_particle(self, word: Word) -> bool:
        return word.small in self._lexicon.context["particles"]

    def _is_half(self, one: Word, other: Word) -> bool:
        if {one.state, other.state} != {State.GOES, State.STAYS} or 1 in {
            len(one.text),
            len(other.text),
        }:
            return False
        left = one if one.state is State.STAYS else other
        titled = one.text.istitle() and other.text.istitle()
        return titled or self._lexicon.is_name(left.small)

    def _take_titled(self) -> None:
        """Take out mere words with a capital that stand where a name does: "dr Kant"."""
        for place, word in enumerate(self._words[1:], 1):
            if word.state is State.STAYS and self._is_titled(place):
                word.state = State.GOES

    def _take_titles(self) -> None:
        """Take out a title with its name: left alone, it would make one of the next word."""
        for place, word in enumerate(self._words[:-1]):
            named = self._words[place + 1].state is State.GOES
            titled = word.small in self._lexicon.context["titles"] and not word.goes
            if named and titled and _TITLE_GAP.fullmatch(self._sentence.between(place, place + 1)):
                word.state = State.GOES_APART

    def _take_calendar(self) -> None:
        """Take out months and feasts, in compounds too; with a year they may tell a moved date."""
        behind = self._lexicon.context["calendared"]
        for place, word in enumerate(self._words):
            dated = word.small in _VERBS_TOO and self._sentence.small(place - 1) in behind
            if dated or not self._calendar.isdisjoint(word.parts):
                self._take_day(place)

    def _take_day(self, place: int) -> None:
        """Take out a month, with the day that words before it say: "den andra augusti"."""
        context, first = self._lexicon.context, place
        within = place - (self._sentence.small(place - 1) == "of") - 1
        if self._sentence.small(within) in context["ordinals"]:
            first = within - (self._sentence.small(within - 1) in _ARTICLES)
        for word in self._words[first : place + 1]:
            if not word.goes:
                word.state = State.GOES_APART

    def _is_titled(self, place: int) -> bool:
        word, before = self._words[place], self._words[place - 1]
        context = self._lexicon.context
        if not (word.text.istitle() and 1 < len(word.text) <= _LONGEST_SURNAME):
            return False
        gap = self._sentence.between(place - 1, place)
        if not _TITLE_GAP.fullmatch(gap):
            return False
        if before.small in context["titles"]:
            return word.small not in context["titles"] and word.small not in context["persons"]
        in_role = before.text.islower() and before.small in context["roles"]
        if "." in gap or not (in_role or before.small in context["clinics"]):
            return False
        return not (
            self._lexicon.is_firm(word.small)
            or word.small in context["views"]
            or word.small in context["graded"]
        )

    def _decide_doubtful(self) -> None:
        waiting = [p for p, word in enumerate(self._words) if word.state is State.DOUBTFUL]
        waiting.reverse()
        while waiting:
            place = waiting.pop()
            if self._words[place].state is State.DOUBTFUL and self._is_name_here(place):
                self._words[place].state = State.GOES
                # What goes may take those beside it, and those beside what it took
                waiting += (p for p in range(place - 2, place + 3) if 0 <= p < len(self._words))

    def _is_name_here(self, place: int) -> bool:
        word, before = self._words[place], self._sentence.small(place - 1)
        context = self._lexicon.context
        if word.small in context["forenames"] and word.text.istitle():
            return True
        if before in context["titles"] and len(word.small) > 1:
            return True
        if before in context["persons"] and word.text[:1].isupper() and not word.text.isupper():
            return True
        return any(
            self._is_beside_name(place, other)
            for other in (place - 1, place + 1)
            if 0 <= other < len(self._words)
        )

    def _is_beside_name(self, place: int, other: int) -> bool:
        gap, first = self._sentence.between(place, other), self._words[min(place, other)]
        if _SENTENCE_ENDS.search(gap) and ("\n" in gap or len(first.text) > 1):
            return False
        word, neighbour = self._words[place], self._words[other]
        if neighbour.state is State.GOES:
            return True
        if self._is_full_name(word, neighbour):
            neighbour.state = State.GOES
            return True
        return False

    def _is_full_name(self, word: Word, other: Word) -> bool:
        lexicon = self._lexicon
        first, second = (word, other) if word.start < other.start else (other, word)
        if lexicon.is_full_name(first.small, second.small):
            return True
        if lexicon.is_full_name(second.small, first.small):
            return True
        titled = first.text.istitle() and second.text.istitle()
        if not titled or 1 in {len(first.text), len(second.text)}:
            return False
        return lexicon.is_given(first.small) and lexicon.is_family(second.small)
