"""Rules that only a level's own values can tell: local codes, and content items of reports."""

from collections.abc import Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset

from deid.profiles.codes import MEANING, is_published
from deid.profiles.rules import Action, Rule
from deid.profiles.structured import StructuredRules
from deid.values import items

_VALUE_TYPE, _CONCEPT_NAME, _CONTENT = 0x0040A040, 0x0040A043, 0x0040A730
_BY_REFERENCE = 0x0040DB73
NONE: Mapping[int, Rule] = MappingProxyType({})
_LOCAL_MEANING: Mapping[int, Rule] = MappingProxyType(
    {
        MEANING: Rule(
            Action.CLEAN,
            Action.DUMMY,
            "what a unit's or maker's own code means is free text",
            "PS3.3 8.2",
        )
    }
)


class Content:
    """The rules for the levels of one object that are more than their attributes.

    Args:
        structured: Rules by the concept of a content item; None if no content may stay.
        header: The object.
    """

    def __init__(self, structured: StructuredRules | None, header: Dataset) -> None:
        self._structured = structured
        self._by_reference = structured is not None and _refers_by_place(header)

    def rules_of(self, level: Dataset) -> Mapping[int, Rule] | None:
        """Give the rules for a level, which go before those of the IOD; None if it must go."""
        if MEANING in level:
            return NONE if is_published(level) else _LOCAL_MEANING
        if self._structured is None or not (_VALUE_TYPE in level and _CONCEPT_NAME in level):
            return NONE
        return self._structured.overrides(level, by_reference=self._by_reference)


def _refers_by_place(item: Dataset) -> bool:
    """Tell whether content items refer to others by their place (PS3.3 §C.17.3.2.5)."""
    content = item.get_item(_CONTENT) if _CONTENT in item else None
    within = (items(content) or ()) if content is not None else ()
    return _BY_REFERENCE in item or any(_refers_by_place(child) for child in within)
