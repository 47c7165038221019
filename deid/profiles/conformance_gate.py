"""The gate in words: its rules in order, and the devices it knows; for pages and a terminal."""

from collections.abc import Iterable, Iterator

from deid.profiles.devices import UNKNOWN, Devices, alike
from deid.profiles.gate import GateRule, Then
from deid.profiles.profile import Profile
from deid.profiles.tags import keyword, written

THENS = {
    Then.REFUSE: "refused",
    Then.REVIEW: "looked at by people before it may pass",
    Then.CLOSELY: "looked at closely: every part of every frame",
    Then.REGIONS: "blanked outside its regions, in every frame",
    Then.PASS: "passed on to the detection of text",
}

# Maker and model of the device, and of what captured its picture (PS3.3 C.7.5.1, C.8.6.1)
NAMES = frozenset({0x00080070, 0x00081090, 0x00181016, 0x00181018})


def gate_rows(profile: Profile) -> Iterator[tuple[str, str, str, str, str]]:
    """Give every rule: what is looked at, what it must hold, what happens, why, and the clause."""
    for rule in profile.gate.rules:
        yield about(rule), condition(rule), outcome(rule), rule.reason, rule.clause
    if profile.gate.devices is not None:
        yield "device", "any other", "refused", "no rule lets it pass", "default deny"
    yield (
        *("(0010,0020) PatientID", "nothing", "refused"),
        *("nobody is named, so there is no pseudonym", "–"),
    )
    hidden = "an overlay hides in unused bits of pixels that cannot be written back without it"
    yield (
        *("(60xx,0102) OverlayBitPosition", "other than 0, the pixels encapsulated", "refused"),
        *(hidden, "PS3.5 8.1.2"),
    )


def about(rule: GateRule) -> str:
    """Say what a rule looks at."""
    return "device" if rule.tag is None else f"{written(rule.tag)} {keyword(rule.tag)}"


def condition(rule: GateRule) -> str:
    """Say what a rule looks for."""
    looked_for = rule.device if rule.tag is None else f"`{rule.pattern.pattern}`"
    return f"{looked_for}, of {', '.join(sorted(rule.iods))}" if rule.iods else looked_for


def outcome(rule: GateRule) -> str:
    """Say what happens, and how it is named."""
    if rule.error is not None:
        return f"refused: {rule.error.value}"
    if rule.kind:
        return f"review: {rule.kind}"
    return THENS[rule.then].split(":")[0]


def device_rows(devices: Devices) -> Iterator[tuple[str, str, str, str, str]]:
    """Give every line of the table in its order."""
    for line in devices.lines:
        maker, model = f"`{line.maker.pattern}`", f"`{line.model.pattern}`"
        yield line.kind, maker, model, line.reason, line.source


def gate_lines(profile: Profile) -> Iterator[str]:
    """Write the rules of the gate, for a terminal."""
    for name, what, then, reason, clause in gate_rows(profile):
        yield f"{name}: {what.replace('`', '')}"
        yield f"   {then}"
        yield f"   why:   {reason}"
        yield f"   by:    {clause}"


def rule_lines(profile: Profile, tag: int) -> Iterator[str]:
    """Write the rules of the gate about one attribute; nothing if there are none."""
    if tag in NAMES and profile.gate.devices is not None:
        yield "At the gate: it names a device; mammo profile devices shows which are known"
    for rule in profile.gate.rules:
        if rule.tag == tag:
            yield f"At the gate: if a value matches {rule.pattern.pattern}"
            yield f"   {outcome(rule)}"
            yield f"   why:   {rule.reason}"
            yield f"   by:    {rule.clause}"


def device_lines(profile: Profile, maker: str, model: str) -> Iterator[str]:
    """Say what a device is and what becomes of its pictures, for a terminal."""
    gate = profile.gate
    yield f"maker {alike(maker) or '(none)'}, model {alike(model) or '(none)'}"
    if gate.devices is None:
        yield f"profile {profile.name} does not ask for devices"
        return
    line = next(gate.devices.matching((maker,), (model,)), None)
    kind = UNKNOWN if line is None else line.kind
    named = maker.strip() and model.strip()
    if not named and any(rule.then is Then.PASS for rule in gate.of_device(kind)):
        line, kind = None, UNKNOWN
    yield kind if line is None else f"{kind}: {line.reason} ({line.source})"
    yield from (f"   {outcome(rule)}: {rule.reason}" for rule in gate.of_device(kind))


def table_lines(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Write rows of names and patterns one below another, for a terminal."""
    for kind, maker, model, reason, source in rows:
        yield f"{kind}: maker {maker.strip('`')}, model {model.strip('`')}"
        yield f"   {reason} ({source})"
