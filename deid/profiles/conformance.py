"""A profile's conformance statement, made from the profile: docs/deid.md is one.

The words are in `data/conformance.md`. There `<!-- if OPTION -->` or `<!-- if not OPTION -->` keeps
what follows for profiles that have chosen an option or have not, up to the next such line.
"""

from collections.abc import Mapping
from re import compile as compile_pattern

from deid.profiles import conformance_tables as tables
from deid.profiles.conformance_gate import device_rows, gate_rows
from deid.profiles.explain import ACTIONS
from deid.profiles.profile import Profile
from deid.profiles.rulebook import read_data

WORDS = "conformance.md"
_TURN = compile_pattern(r"<!-- (?:always|if (?P<no>not )?(?P<option>\w+)) -->\n")


def statement(profile: Profile) -> str:
    """Write the conformance statement of a profile, in Markdown."""
    return _chosen(profile).format_map(_facts(profile))


def _chosen(profile: Profile) -> str:
    """Give the words that are true of the profile."""
    kept, shown = [], True
    for line in read_data(WORDS).splitlines(keepends=True):
        turn = _TURN.fullmatch(line)
        if turn is None:
            kept += [line] if shown else []
        else:
            chosen = turn["option"] in profile.options
            shown = turn["option"] is None or chosen != bool(turn["no"])
    return "".join(kept)


def _facts(profile: Profile) -> Mapping[str, str | int]:
    write = tables.markdown
    iods = tables.iods_of(profile)
    heads, *counts = tables.counts(profile)
    modalities = "Any modality is accepted."
    if profile.modalities is not None:
        modalities = f"Modality must be one of {', '.join(sorted(profile.modalities))}."
    return {
        "name": profile.name,
        "version": profile.version,
        "edition": profile.edition,
        "age_cap": profile.age_cap,
        "rows": tables.table_size(),
        "first": tables.IOD_NAMES[iods[0]],
        "modalities": modalities,
        "options": write(
            ("CID 7050", "option", "clause", "carried out"), tables.option_rows(profile)
        ),
        "classes": write(("SOP class", "UID", "by the rules of"), tables.class_rows(profile)),
        "gate": write(
            ("what is looked at", "if it holds or is", "then", "because", "clause"),
            gate_rows(profile),
        ),
        "devices": _devices(profile),
        "actions": write(("action", "the attribute is"), ACTIONS.items()),
        "counts": write(heads, counts),
        "private": write(("creator", "numbers", "codes", "texts", "source"), tables.private_rows()),
        "structured": write(
            ("concept", "meaning", "value type", "table", "action"),
            tables.structured_rows(profile),
        ),
        "attributes": write(
            ("tag", "name", "table", iods[0], "others", "why"), tables.attribute_rows(profile)
        ),
    }


def _devices(profile: Profile) -> str:
    if profile.gate.devices is None:
        return "This profile does not ask for devices."
    heads = ("is", "maker", "model", "which", "known from")
    return tables.markdown(heads, device_rows(profile.gate.devices))
