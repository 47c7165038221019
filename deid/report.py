"""What was done, in numbers: for one instance and for a run; no value, file name or original UID.

Machine-readable forms (`schema` names them and counts up when one changes its meaning):

`mammo-deid-instance/1`, one JSON object a line:
    number      the file's number in the run; the owner's private list says which file that is
    outcome     as the run calls it, such as ADMITTED; `reason`: why, from a closed list
    sop_class   name of the SOP class as the standard publishes it
    study_uid, series_uid, sop_uid    the new UIDs; empty if nothing was released
    done        number of attributes by what was done: KEPT, REPLACED, EMPTIED, REMOVED, CLEANED
    rules       clause, action, done, and how many attributes it met
    words_removed, boxes_blanked    pieces taken out of texts; rectangles blanked in pixels
    codes       CID 7050 codes of what was done to it
    findings    of the second eye: where and what kind, never the value
    attributes  in a rehearsal: each attribute, by path, with what would become of it

`mammo-deid-run/1`, one JSON object: mode, profile, versions, seconds, files, outcomes, reasons, the
sums of the above, and `rules` by attribute with the number of attributes and instances each met.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from re import compile as compile_pattern
from typing import Any, NamedTuple

from deid.findings import Finding
from deid.headers.journal import Entry
from deid.profiles.profile import Profile
from deid.profiles.table import CLEAN_PIXELS
from deid.profiles.tags import keyword, written
from deid.values import where

INSTANCE_SCHEMA = "mammo-deid-instance/1"
RUN_SCHEMA = "mammo-deid-run/1"
_REFUSED = "REFUSED"
_ITEM = compile_pattern(r"\[\d+\]")


class Applied(NamedTuple):
    """One rule as it was applied to one attribute."""

    tag: str
    keyword: str
    action: str
    done: str
    reason: str
    clause: str


class Met(NamedTuple):
    """How often a rule was applied, and how many words it took out."""

    attributes: int
    words: int


@dataclass(frozen=True)
class InstanceReport:
    """What became of one instance.

    Attributes:
        outcome: As whoever runs this calls it.
        uids: New study, series and SOP instance UID; empty if nothing was released.
        rules: What was applied, and how often.
        attributes: Every attribute one by one, if that was asked for.
    """

    number: int
    outcome: str
    reason: str = ""
    sop_class: str = ""
    uids: tuple[str, str, str] = ("", "", "")
    rules: Mapping[Applied, Met] = field(default_factory=dict)
    boxes: int = 0
    codes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    attributes: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give it as `mammo-deid-instance/1`."""
        done: Counter[str] = Counter()
        rules: Counter[tuple[str, str, str]] = Counter()
        for applied, met in self.rules.items():
            done[applied.done] += met.attributes
            rules[applied.clause, applied.action, applied.done] += met.attributes
        told: dict[str, Any] = {
            "schema": INSTANCE_SCHEMA,
            "number": self.number,
            "outcome": self.outcome,
            "reason": self.reason,
            "sop_class": self.sop_class,
            "study_uid": self.uids[0],
            "series_uid": self.uids[1],
            "sop_uid": self.uids[2],
            "done": dict(sorted(done.items())),
            "rules": [
                {"clause": clause, "action": action, "done": how, "attributes": number}
                for (clause, action, how), number in sorted(rules.items())
            ],
            "words_removed": sum(met.words for met in self.rules.values()),
            "boxes_blanked": self.boxes,
            "codes": list(self.codes),
            "findings": [{"where": one.where, "what": one.what} for one in self.findings],
        }
        if self.attributes:
            told["attributes"] = list(self.attributes)
        return told


def applied_rules(journal: Iterable[Entry]) -> dict[Applied, Met]:
    """Count what was applied, by attribute."""
    counts: dict[tuple[int, str, int], tuple[Entry, list[int]]] = {}
    for entry in journal:
        # The rules of a profile are few objects, so their identity is quicker than their content.
        key = (entry.path[-1], entry.done.name, id(entry.rule))
        met = counts.setdefault(key, (entry, [0, 0]))[1]
        met[0] += 1
        met[1] += entry.words
    found: dict[Applied, Met] = {}
    for first, (attributes, words) in counts.values():
        applied = _applied(first)
        before = found.get(applied, Met(0, 0))
        found[applied] = Met(before.attributes + attributes, before.words + words)
    return found


def _applied(entry: Entry) -> Applied:
    tag, rule = entry.path[-1], entry.rule
    action = entry.action.value
    return Applied(written(tag), keyword(tag), action, entry.done.name, rule.reason, rule.clause)


def attribute_list(journal: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """Give every attribute with what became of it; never a value."""
    for entry in journal:
        yield {
            "path": where(entry.path),
            "keyword": keyword(entry.path[-1]),
            "action": entry.action.value,
            "done": entry.done.name,
            "reason": entry.rule.reason,
            "clause": entry.rule.clause,
            "words": entry.words,
        }


@dataclass
class RunReport:
    """What became of all instances of a run; grows by one instance at a time."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: dict[Applied, tuple[int, int, int]] = field(default_factory=dict)
    words: int = 0
    boxes: int = 0
    blanked: int = 0

    def add(self, one: InstanceReport) -> None:
        """Add one instance."""
        self.outcomes[one.outcome] += 1
        self.classes[one.sop_class] += 1
        self.refused[one.sop_class] += one.outcome == _REFUSED
        if one.reason:
            self.reasons[one.outcome, one.reason] += 1
        self.codes.update(one.codes)
        self.findings.update({(_ITEM.sub("[]", found.where), found.what) for found in one.findings})
        self.boxes += one.boxes
        self.blanked += bool(one.boxes)
        for applied, met in one.rules.items():
            attributes, words, instances = self.rules.get(applied, (0, 0, 0))
            self.rules[applied] = attributes + met.attributes, words + met.words, instances + 1
            self.done[applied.done] += met.attributes
            self.words += met.words

    def as_json(
        self, profile: Profile, *, mode: str, key_version: str, detector: str, seconds: float
    ) -> dict[str, Any]:
        """Give it as `mammo-deid-run/1`."""
        return {
            "schema": RUN_SCHEMA,
            "mode": mode,
            "profile": {
                "name": profile.name,
                "version": profile.version,
                "edition": profile.edition,
                "digest": profile.digest,
                "options": sorted(getattr(profile, "options", ())),
            },
            "key_version": key_version,
            "detector": detector,
            "seconds": round(seconds, 1),
            "files": self.outcomes.total(),
            "outcomes": dict(sorted(self.outcomes.items())),
            "reasons": [
                {"outcome": outcome, "reason": reason, "files": number}
                for (outcome, reason), number in self.reasons.most_common()
            ],
            "sop_classes": dict(self.classes.most_common()),
            "done": dict(sorted(self.done.items())),
            "words_removed": self.words,
            "boxes_blanked": self.boxes,
            "instances_blanked": self.blanked,
            "codes": [
                {"code": code, "meaning": meaning, "instances": self.codes[code]}
                for code, meaning in sorted({*profile.codes, CLEAN_PIXELS[:2]})
            ],
            "findings": [
                {"where": place, "what": what, "instances": number}
                for (place, what), number in self.findings.most_common()
            ],
            "rules": [
                {**applied._asdict(), "attributes": many, "words": words, "instances": instances}
                for applied, (many, words, instances) in sorted(
                    self.rules.items(), key=lambda rule: (-rule[1][0], rule[0])
                )
            ],
        }
