"""The answer key: MIDI-B's ten actions, each claim about one place of one file.

A place is written as a path of steps joined by `/`: a tag (`00081030`), an item's number (`0`), or
a private element by its creator (`0019:HOLOGIC, Inc.:07`). `sr:121071` is the value of any content
item with that concept code; `anywhere` is the whole file but its pixels; `pixels` those.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

ANYWHERE = "anywhere"
PIXELS = "pixels"


class Action(StrEnum):
    """What is asked of a result, as MIDI-B names it."""

    TAG_RETAINED = "tag_retained"
    TEXT_NOTNULL = "text_notnull"
    TEXT_RETAINED = "text_retained"
    TEXT_REMOVED = "text_removed"
    DATE_SHIFTED = "date_shifted"
    UID_CHANGED = "uid_changed"
    UID_CONSISTENT = "uid_consistent"
    PATID_CONSISTENT = "patid_consistent"
    PIXELS_HIDDEN = "pixels_hidden"
    PIXELS_RETAINED = "pixels_retained"


class Expected(StrEnum):
    """What should become of a file."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    EITHER = "either"


@dataclass(frozen=True)
class Check:
    """One claim.

    Attributes:
        action: What is asked.
        where: The place.
        kind: What stands there, for the table: `name`, `number`, `screening text` …
        category: Which trap it belongs to: `descriptor`, `VR=UN`, `depth 4`, `private safe` …
        literals: What must stay or go, or the box of pixels.
    """

    action: Action
    where: str
    kind: str
    category: str
    literals: tuple[str, ...] = ()


@dataclass
class Answer:
    """What is claimed of one file.

    Attributes:
        file: Its name below the source folder.
        woman: Whom it is about: the order in the corpus.
        area: Whose code is on trial if it goes wrong.
        expected: What should become of it, by profile.
        checks: The claims, which hold if it is admitted.
    """

    file: str
    woman: int
    area: str
    expected: Mapping[str, Expected]
    checks: list[Check] = field(default_factory=list)

    def add(
        self, action: Action, where: str, kind: str, category: str, literals: Iterable[str] = ()
    ) -> None:
        """Add one claim."""
        self.checks.append(Check(action, where, kind, category, tuple(literals)))


def write_key(answers: Iterable[Answer], path: Path) -> None:
    """Write the key, a file a line."""
    with path.open("w", encoding="utf-8") as file:
        for answer in answers:
            file.write(json.dumps(asdict(answer), ensure_ascii=False) + "\n")


def read_key(path: Path) -> Iterator[Answer]:
    """Read what `write_key` wrote."""
    for line in path.read_text(encoding="utf-8").splitlines():
        made = json.loads(line)
        checks = [
            Check(
                Action(check["action"]),
                check["where"],
                check["kind"],
                check["category"],
                tuple(check["literals"]),
            )
            for check in made.pop("checks")
        ]
        expected = {name: Expected(value) for name, value in made.pop("expected").items()}
        yield Answer(**made, expected=expected, checks=checks)
