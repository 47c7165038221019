"""The gate: which objects may enter the walk at all, and how closely they are looked at."""

from collections.abc import Iterator
from re import compile as compile_pattern

from pydicom.dataset import Dataset

from deid.elements import known_vr
from deid.errors import Reason, RefusedError
from deid.hidden import hidden_overlays
from deid.passage import Passage
from deid.profiles.devices import UNKNOWN
from deid.profiles.gate import Gate, GateRule, Then
from deid.profiles.profile import Profile
from deid.profiles.rules import TEXT_VRS, WITHOUT_PIXELS
from deid.profiles.tags import class_name
from deid.regions import outside_regions
from deid.source import Parsed
from deid.squeezed import SQUEEZED, is_squeezed
from deid.values import items, number, value_of

_SOP_CLASS, _META_SOP_CLASS = 0x00080016, 0x00020002
_CLASSES = frozenset({_SOP_CLASS, _META_SOP_CLASS})
_MODALITY = 0x00080060
_META = 0x0002
_BACKSLASH = r"\\"
_BETWEEN = compile_pattern(r"[\W_]+")
# Maker and model of the device, and of what captured its picture (PS3.3 C.7.5.1, C.8.6.1)
_DEVICE, _CAPTURED_BY = (0x00080070, 0x00081090), (0x00181016, 0x00181018)


def screen(parsed: Parsed, profile: Profile) -> Passage:
    """Let an object pass, or refuse it.

    The SOP class decides before the modality: tomosynthesis has been seen as CT with modality
    MG, and screen saves as anything. What no rule accepts is refused; a device that no line of
    the table knows is unknown, and one that no rule lets pass is refused.

    Raises:
        RefusedError: The first rule that keeps the object out.
    """
    gate = profile.gate
    refusals = gate.of(Then.REFUSE)
    classes = [rule for rule in refusals if rule.tag in _CLASSES and not rule.iods]
    _refuse(parsed, classes)
    iod = _iod(parsed, profile)
    if profile.modalities is not None and (
        value_of(parsed.header, _MODALITY) not in profile.modalities
    ):
        raise RefusedError(Reason.MODALITY)
    if parsed.pixels is None and iod not in WITHOUT_PIXELS:
        raise RefusedError(Reason.NO_PIXEL_DATA)
    if parsed.pixels is not None and iod in WITHOUT_PIXELS:
        raise RefusedError(Reason.STRAY_PIXELS)
    others = [rule for rule in refusals if rule.tag is not None and rule not in classes]
    _refuse(parsed, others, iod)
    encapsulated = parsed.pixels is not None and parsed.pixels.encapsulated
    if encapsulated and any(hidden_overlays(parsed.header)):  # out of native ones they are taken
        raise RefusedError(Reason.OVERLAY)
    spoken = [rule for rule in gate.rules if rule.tag is not None and rule.speaks_of(iod)]
    held = [rule for rule in spoken if _holds(parsed, rule)]
    if parsed.pixels is not None:
        held += _by_device(parsed.header, gate, iod)
    return _passage(parsed, held)


def _iod(parsed: Parsed, profile: Profile) -> str:
    """Give the IOD of an accepted class; file meta may name no other that is not (PS3.10 7.1)."""
    here, meta = value_of(parsed.header, _SOP_CLASS), value_of(parsed.meta, _META_SOP_CLASS)
    for named in filter(None, (here, meta)):
        if named not in profile.iods:
            raise RefusedError(Reason.SOP_CLASS, class_name(named))
    if not here:
        raise RefusedError(Reason.SOP_CLASS)
    return profile.iods[here]


def _refuse(parsed: Parsed, refusals: list[GateRule], iod: str = "") -> None:
    for rule in refusals:
        if rule.error is not None and rule.speaks_of(iod) and _holds(parsed, rule):
            about = value_of(parsed.header, _SOP_CLASS) if rule.tag in _CLASSES else ""
            raise RefusedError(rule.error, class_name(about))


def _holds(parsed: Parsed, rule: GateRule) -> bool:
    """Tell whether any value of the attribute, at the top of the object, is what a rule says.

    A pattern with a backslash is held against all values at once. What is not said as its
    attribute asks for (PS3.6) says nothing that could be told: it holds, whatever it is.
    """
    if rule.tag is None:
        return False
    dataset = parsed.meta if rule.tag >> 16 == _META else parsed.header
    if not _is_of_its_kind(dataset, rule.tag):
        return True
    said = [_said(dataset, rule.tag)]
    if rule.tag == _SOP_CLASS:
        said.append(value_of(parsed.meta, _META_SOP_CLASS))
    whole = "\\".join(said).upper()
    values = [whole] if _BACKSLASH in rule.pattern.pattern else whole.split("\\")
    if known_vr(rule.tag) == "CS":  # an archive may have put a space or a line into a word
        values += [_BETWEEN.sub("", value) for value in values]
    return any(rule.pattern.search(value.strip()) for value in values)


def _said(dataset: Dataset, tag: int) -> str:
    binary = known_vr(tag) == "US" and tag in dataset
    return str(number(dataset, tag)) if binary else value_of(dataset, tag)


def _is_of_its_kind(dataset: Dataset, tag: int) -> bool:
    """Tell whether an element is none, or is what PS3.6 says that it is."""
    element = dataset.get_item(tag) if tag in dataset else None
    if element is None:
        return True
    return items(element) is None and element.VR in {None, "UN", known_vr(tag)}


def _by_device(header: Dataset, gate: Gate, iod: str) -> Iterator[GateRule]:
    """Give the rules about the devices that an object names.

    Raises:
        RefusedError: One of them may not pass, or no rule says that it may: with a profile
            without a table of devices, none may.
    """
    anybodys = iod in gate.without_device
    for kind in _kinds(header, gate):
        rules = [rule for rule in gate.of_device(kind) if rule.speaks_of(iod)]
        if anybodys and (kind == UNKNOWN or not rules):
            continue
        refused = [rule.error for rule in rules if rule.error is not None]
        if refused or not rules:
            raise RefusedError(refused[0] if refused else Reason.DEVICE, kind)
        yield from rules


def _kinds(header: Dataset, gate: Gate) -> Iterator[str]:
    """Say what the devices are; a name that is not said plainly lets none of them be known."""
    for place, pair in enumerate((_DEVICE, _CAPTURED_BY)):
        makers, models = (value_of(header, tag).split("\\") for tag in pair)
        if place and not any((*makers, *models)):
            continue
        kind = UNKNOWN if gate.devices is None else gate.devices.kind(makers, models)
        passes = any(rule.then is Then.PASS for rule in gate.of_device(kind))
        yield kind if not passes or all(_is_plain(header, tag) for tag in pair) else UNKNOWN


def _is_plain(header: Dataset, tag: int) -> bool:
    """Tell whether a name is one text, said as one."""
    value = value_of(header, tag)
    said = header.get_item(tag)
    return bool(value) and "\\" not in value and (said is None or said.VR in {None, *TEXT_VRS})


def _passage(parsed: Parsed, held: list[GateRule]) -> Passage:
    """Put together what the rules ask for; who reviews is shown what a close look finds."""
    thens = {rule.then for rule in held}
    review = [rule.kind for rule in held if rule.then is Then.REVIEW]
    squeezed = is_squeezed(parsed.header)
    return Passage(
        closely=squeezed or not thens.isdisjoint({Then.CLOSELY, Then.REVIEW, Then.REGIONS}),
        review=tuple(dict.fromkeys((*review, *[SQUEEZED] * squeezed))),
        blank=outside_regions(parsed.header) if Then.REGIONS in thens else (),
    )
