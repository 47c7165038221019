"""Private attributes that are known to be safe, by creator (PS3.15 §E.3.10).

Whatever is not listed here is dropped, and so is every private sequence: what is in it is not
known either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from re import compile as compile_pattern

from deid.profiles.rules import Action, Rule
from deid.profiles.table import read_rows

# Of several VRs that a maker has used, the one that can hold least is believed of bytes
_KINDS = ("number", "code", "text")
SYMBOL = compile_pattern("[A-Z0-9_ ]{1,16}")
"""What a code of a maker looks like: a CS."""

Place = tuple[str, int, int]


@dataclass(frozen=True, repr=False)
class SafePrivate:
    """The list: rules by VR, for each creator, group and last byte of a tag."""

    places: Mapping[Place, Mapping[str, Rule]]

    def rule(self, creator: str, tag: int, vr: str) -> Rule | None:
        """Give the rule for a private element; None if it must go.

        Args:
            creator: Who has reserved the block that the element is in.
            tag: Group and last byte count; the block does not.
            vr: What the element says it is. "UN", or nothing, is taken for the VR of the list;
                whoever asks must then see that the value `fits`.
        """
        listed = self.places.get(_place(creator, tag), {})
        return listed.get(self.vr(creator, tag) or "" if vr in {"", "UN"} else vr)

    def vr(self, creator: str, tag: int) -> str | None:
        """Give the VR an element has where its file does not say; None if it is not listed."""
        return next(iter(self.places.get(_place(creator, tag), ())), None)


@lru_cache(maxsize=1)
def load_safe_private() -> SafePrivate:
    """Load the shipped list."""
    table = (files("deid") / "data" / "private_safe.csv").read_text(encoding="utf-8")
    places: dict[Place, dict[str, Rule]] = {}
    for row in sorted(read_rows(table), key=lambda row: _KINDS.index(row["kind"])):
        place = (_folded(row["creator"]), int(row["group"], 16), int(row["element"], 16))
        places.setdefault(place, {})[row["vr"]] = _rule(row)
    return SafePrivate(places)


def _rule(row: Mapping[str, str]) -> Rule:
    action = Action.CLEAN if row["kind"] == "text" else Action.KEEP
    clause = row["source"] if row["source"].startswith("PS3.15") else "PS3.15 E.3.10"
    reason = f"{row['name']}, known to be safe ({row['source']})"
    form = SYMBOL if row["kind"] == "code" else None
    return Rule(action, Action.REMOVE, reason, clause, form=form)


def _place(creator: str, tag: int) -> Place:
    return _folded(creator), tag >> 16, tag & 0xFF


def _folded(creator: str) -> str:
    """Fold what makers write now in one way, now in another."""
    return creator.strip(" \0").casefold()
