"""Private attributes, block by block: what is known to be safe, and who has reserved it."""

from collections.abc import Iterator

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from deid.headers.journal import Outcome
from deid.headers.leaves import Leaves
from deid.headers.private import fits
from deid.profiles.private import SafePrivate
from deid.profiles.rules import PRIVATE, Action, Rule
from deid.values import Leaf, charset_of, raw, text

_CREATORS = range(0x0010, 0x0100)
_KEEPS_ITS_BLOCK = Rule(
    Action.KEEP, Action.REMOVE, "who has reserved what is kept of a block", "PS3.5 7.8.1"
)
_GONE = Outcome(None, Action.REMOVE)
Found = tuple[int, Leaf, Rule, Outcome]


def clean_blocks(
    private: list[tuple[int, Leaf]], dataset: Dataset, leaves: Leaves, safe: SafePrivate | None
) -> Iterator[Found]:
    """Carry out the rules on the private elements of one level (PS3.5 §7.8.1, PS3.15 §E.3.10).

    Args:
        private: All of the level.
        dataset: In which they stand.
        leaves: For what is to be done to a single element.
        safe: The list of what may stay; None if nothing may.

    Yields:
        Tag, element, the rule that spoke, and what became of it.
    """
    creators = {tag: element for tag, element in private if tag & 0xFFFF in _CREATORS}
    used = set()
    for tag, element in private:
        if tag in creators:
            continue
        block = tag & 0xFFFF0000 | tag >> 8 & 0xFF
        creator = creators.get(block)
        if safe is None or creator is None or not isinstance(element, RawDataElement):
            yield tag, element, PRIVATE, _GONE
            continue
        found = _clean(element, text(creator, charset_of(dataset)), dataset, leaves, safe)
        if found[-1].left is not None:
            used.add(block)
        yield found
    for tag, element in creators.items():
        if tag in used:
            yield tag, element, _KEEPS_ITS_BLOCK, Outcome(element, Action.KEEP)
        else:
            yield tag, element, PRIVATE, _GONE


def _clean(
    element: RawDataElement, creator: str, dataset: Dataset, leaves: Leaves, safe: SafePrivate
) -> Found:
    """Carry out the rule of the list; what an element is, the list says if its file does not."""
    tag, vr = int(element.tag), element.VR or "UN"
    rule = safe.rule(creator, tag, vr)
    if rule is None:
        return tag, element, PRIVATE, _GONE
    vr = (safe.vr(creator, tag) or vr) if vr == "UN" else vr
    if vr == "SQ" or not fits(vr, raw(element)):
        return tag, element, rule, _GONE
    told = element._replace(VR=vr)
    return tag, told, rule, leaves.do(told, frozenset({vr}), rule, dataset)
