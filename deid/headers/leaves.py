"""What is done to an attribute that is no sequence: kept, cleaned, replaced, emptied, removed."""

from collections.abc import Callable, Mapping
from re import compile as compile_pattern

from pydicom.charset import python_encoding
from pydicom.dataset import Dataset

from deid.dates import shift
from deid.facts import cap_age
from deid.headers.charsets import encoded
from deid.headers.grammar import broken, is_plain, parts_of
from deid.headers.journal import Outcome
from deid.headers.made import dummy, made, written_vr
from deid.headers.telling import Telling, is_anybodys
from deid.identity import pseudonym
from deid.identity.identifiers import Identifiers
from deid.identity.pseudonym import Person, Subkeys
from deid.language.cleaning import LONGEST, TextCleaner
from deid.language.lexicon import Lexicon, load_lexicon
from deid.profiles.codes import CODED, PUBLISHED, VALUES, is_published
from deid.profiles.profile import Profile
from deid.profiles.rules import BYTE_VRS, TEXT_VRS, Action, Rule, single
from deid.values import Leaf, charset_of, decode, is_registered, raw

_CHARACTER_SET = 0x00080005
_ESCAPE = b"\x1b"
# Of text in these, a backslash divides values (PS3.5 §6.2)
_MANY = frozenset({"AE", "CS", "LO", "SH", "UC"})
_TELLING_CODE, _TELLING_SYMBOL = 3, 5
_LETTERS = compile_pattern(r"[^\W\d_]+")
_WRITTEN = frozenset({"DS", "IS"})
_STAYS = frozenset({Action.KEEP, Action.CLEAN})

Change = Callable[[str], str]


class Leaves:
    """Carry out rules on single attributes, for one object."""

    def __init__(
        self, profile: Profile, person: Person, subkeys: Subkeys, identifiers: Identifiers
    ) -> None:
        self._person = person
        self._subkeys = subkeys
        self._numbers = identifiers.numbers
        self._telling = Telling(identifiers)
        self._lexicon = load_lexicon()
        self._cleaner = TextCleaner(self._lexicon, identifiers)
        self._harmless: dict[tuple[str, bool], bool] = {}
        self._changes = _changes(profile, person, subkeys)

    def do(self, element: Leaf, kinds: frozenset[str], rule: Rule, dataset: Dataset) -> Outcome:
        """Carry a rule out; what it cannot be done to, ends otherwise.

        Args:
            element: Of the original.
            kinds: What it may be.
            rule: The one that speaks.
            dataset: In which it stands, for its character set.
        """
        action, words = rule.action, 0
        if action is Action.KEEP and rule.form is None and is_plain(raw(element), kinds):
            return Outcome(element, action)
        if action in _STAYS:
            left, words = self._staying(element, kinds, rule, dataset)
            if left is not None:
                return Outcome(left, action, words)
            action = rule.otherwise
        if action is Action.DUMMY and "UI" in kinds:
            action = Action.UID
        change = self._changes.get(action)
        if change is None or not raw(element):
            return self._replace(element, action, rule, words)
        return self._changed(element, action, rule, change)

    def _changed(self, element: Leaf, action: Action, rule: Rule, change: Change) -> Outcome:
        """Change each value; if none of them lets itself be changed, end otherwise."""
        parts = parts_of(element)
        changed = [_change(part, rule, change) for part in parts]
        if changed == parts and action is Action.UID:
            return Outcome(element, action)
        hers = action is Action.SHIFT and self._telling.in_dates(changed)
        if any(changed) and not hers:
            return Outcome(made(element.tag, written_vr(element), "\\".join(changed)), action)
        least = Action.EMPTY if rule.otherwise in self._changes else rule.otherwise
        return self._replace(element, least, rule)

    def _replace(self, element: Leaf, action: Action, rule: Rule, words: int = 0) -> Outcome:
        if action is Action.REMOVE:
            return Outcome(None, action, words)
        vr = written_vr(element)
        if action is Action.PSEUDONYM:
            return Outcome(made(element.tag, vr, self._person.pseudonym), action)
        if not raw(element):
            return Outcome(element, action)
        if action is not Action.DUMMY:
            return Outcome(made(element.tag, vr, ""), Action.EMPTY, words)
        if rule.device:
            token = pseudonym.device(self._subkeys, parts_of(element)[0])
            return Outcome(made(element.tag, vr, token), action)
        return Outcome(made(element.tag, vr, dummy(vr)), action, words)

    def _staying(
        self, element: Leaf, kinds: frozenset[str], rule: Rule, dataset: Dataset
    ) -> tuple[Leaf | None, int]:
        """Give what may stay; of text that is not of the form its rule wants, what is harmless."""
        if kinds <= TEXT_VRS and len(raw(element)) > LONGEST:
            return None, 1
        if rule.action is Action.CLEAN:
            return self._clean(element, kinds, rule, dataset)
        left, words = self._keep(element, kinds, rule, dataset)
        words_may_stay = rule.form is not None and element.tag not in CODED
        if left is None and words_may_stay and kinds <= TEXT_VRS:
            return self._clean(element, kinds, rule, dataset)
        return left, words

    def _keep(
        self, element: Leaf, kinds: frozenset[str], rule: Rule, dataset: Dataset
    ) -> tuple[Leaf | None, int]:
        """Give what may be kept: all, or of several values those that are what they should be."""
        bad = broken(element, kinds)
        if rule.form is not None or "CS" in kinds:
            bad |= self._unfit(element, kinds, rule, dataset)
        elif self._hides(raw(element), kinds):
            return None, 1
        elif kinds & _WRITTEN:
            bad |= {part for part in parts_of(element) if is_anybodys(part)}
        if not bad:
            return element, 0
        if not kinds <= _MANY:
            return None, len(bad)
        parts = parts_of(element)
        value = "\\".join("" if part in bad else part for part in parts)
        if not value.strip("\\"):
            return None, len(bad)
        return made(element.tag, written_vr(element), value.encode("latin-1")), len(bad)

    def _hides(self, value: bytes, kinds: frozenset[str]) -> bool:
        """Tell whether numbers spell one of hers or words, or text is in a set of its own."""
        if self._telling.in_number(value, kinds):
            return True
        return not kinds.isdisjoint(TEXT_VRS) and _ESCAPE in value

    def _unfit(
        self, element: Leaf, kinds: frozenset[str], rule: Rule, dataset: Dataset
    ) -> set[str]:
        """Find the values that are not of the form their rule wants, or tell of somebody."""
        if kinds & BYTE_VRS:
            return set()
        if element.tag == _CHARACTER_SET:
            return {part for part in parts_of(element) if part not in python_encoding}
        code = kinds == {"CS"}
        listed = element.tag in VALUES and is_published(dataset)
        found = set()
        for part in filter(None, parts_of(element)):
            said = decode(part.encode("latin-1"), charset_of(dataset))
            fits = rule.form is None or rule.form.fullmatch(said) is not None
            fits = fits and (element.tag not in CODED or self._is_symbol(said))
            # Numbers of a published scheme may look like telephone numbers
            number = listed and said.isdigit() and said not in self._numbers
            if not fits or not (number or self._tells_nobody(said, code=code)):
                found.add(part)
        return found

    def _is_symbol(self, said: str) -> bool:
        """Tell a code or scheme from a word that somebody typed in its place."""
        return said in PUBLISHED or all(
            len(word) < _TELLING_SYMBOL or self._lexicon.is_harmless(word.casefold())
            for word in _LETTERS.findall(said)
        )

    def _tells_nobody(self, said: str, *, code: bool) -> bool:
        key = (said, code)
        known = self._harmless.get(key)
        if known is None:
            known = self._harmless[key] = (
                code and _is_term(said, self._lexicon)
            ) or self._cleaner.harmless(said)
        return known

    def _clean(
        self, element: Leaf, kinds: frozenset[str], rule: Rule, dataset: Dataset
    ) -> tuple[Leaf | None, int]:
        value = raw(element)
        each = single(kinds)
        if not value.strip(b" \0"):
            return element, 0
        if each == {"CS"}:
            return self._keep(element, kinds, rule, dataset)
        if not each <= TEXT_VRS or _ESCAPE in value:
            return None, 1
        charset = charset_of(dataset)
        said = decode(value, charset).strip(" \0")
        parts = said.split("\\") if each & _MANY else [said]
        results = [self._cleaner.clean(part) for part in parts]
        removed = sum(result.removed for result in results)
        if [result.text for result in results] == parts:
            return element, 0
        written = encoded("\\".join(result.text for result in results), charset)
        if not written.strip(b" \\"):
            return None, removed
        return made(element.tag, written_vr(element), written), removed


def _changes(profile: Profile, person: Person, subkeys: Subkeys) -> Mapping[Action, Change]:
    moved = pseudonym.weeks(subkeys, person)

    def replace_uid(original: str) -> str:
        if not original or is_registered(original):
            return original
        return pseudonym.uid(subkeys, original)

    return {
        Action.SHIFT: lambda value: shift(value, moved),
        Action.UID: replace_uid,
        Action.ACCESSION: lambda value: pseudonym.accession(subkeys, value),
        Action.STUDY_ID: lambda value: pseudonym.study_id(subkeys, value),
        Action.AGE: lambda value: cap_age(value, profile.age_cap),
    }


def _change(part: str, rule: Rule, change: Change) -> str:
    """Change one value, unless it is one of those that the rule lets stay."""
    stays = rule.action is Action.UID and rule.form is not None and rule.form.fullmatch(part)
    return part if stays else change(part)


def _is_term(said: str, lexicon: Lexicon) -> bool:
    """Tell a defined term by its words: what PS3.3 lists stays, even if somebody has that name."""
    words = said.replace("_", " ").casefold().split()
    return all(len(word) < _TELLING_CODE or lexicon.is_harmless(word) for word in words)
