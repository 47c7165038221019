"""The gate: which objects may enter the walk at all, and how closely they are looked at."""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from deid.errors import Reason, RefusedError
from deid.profiles.profile import Profile, Refusal
from deid.profiles.rules import WITHOUT_PIXELS
from deid.source import Parsed
from deid.values import elements, raw, value_of

_SOP_CLASS, _META_SOP_CLASS = 0x00080016, 0x00020002
_MODALITY = 0x00080060
_META = 0x0002


@dataclass(frozen=True)
class Passage:
    """How an object goes through the walk.

    Attributes:
        closely: Every part of every frame is looked at by the network, not only what the gate
            shows it.
        review: People have to look before it may pass, whatever is found.
    """

    closely: bool = False
    review: bool = False


def screen(parsed: Parsed, profile: Profile) -> Passage:
    """Let an object pass, or refuse it.

    The SOP class decides before the modality: tomosynthesis has been seen as CT with modality
    MG, and screen saves as anything. What no rule accepts is refused.

    Raises:
        RefusedError: The first rule that keeps the object out.
    """
    header = parsed.header
    kinds = [rule for rule in profile.refusals if rule.tag in {_SOP_CLASS, _META_SOP_CLASS}]
    _check(parsed, kinds)
    iod = profile.iods.get(value_of(header, _SOP_CLASS))
    if iod is None:
        raise RefusedError(Reason.SOP_CLASS)
    if profile.modalities is not None and value_of(header, _MODALITY) not in profile.modalities:
        raise RefusedError(Reason.MODALITY)
    if parsed.pixels is None and iod not in WITHOUT_PIXELS:
        raise RefusedError(Reason.NO_PIXEL_DATA)
    if parsed.pixels is not None and iod in WITHOUT_PIXELS:
        raise RefusedError(Reason.STRAY_PIXELS)
    _check(parsed, [rule for rule in profile.refusals if rule not in kinds])
    if _has_hidden_overlay(header):
        raise RefusedError(Reason.OVERLAY)
    return Passage()


def _check(parsed: Parsed, refusals: list[Refusal]) -> None:
    for refusal in refusals:
        dataset = parsed.meta if refusal.tag >> 16 == _META else parsed.header
        values = value_of(dataset, refusal.tag).upper().split("\\")
        if any(refusal.pattern.search(value.strip()) for value in values):
            raise RefusedError(refusal.error)


def _has_hidden_overlay(header: Dataset) -> bool:
    """Tell whether an overlay lies in unused bits of the pixels (PS3.5 §8.1.2, retired)."""
    for tag, element in elements(header):
        overlay = tag >> 24 == 0x60 and not tag >> 16 & 1  # noqa: PLR2004 -- groups 60xx
        if not overlay:
            continue
        if tag & 0xFFFF == 0x0102 and raw(element).strip(b"\0"):  # noqa: PLR2004 -- Bit Position
            return True
        if tag & 0xFFFF == 0x0010 and (tag & 0xFFFF0000 | 0x3000) not in header:  # noqa: PLR2004 -- Rows
            return True
    return False
