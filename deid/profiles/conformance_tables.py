"""The tables of a conformance statement, read from the profile itself; Markdown."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from deid.elements import known_vr
from deid.profiles.explain import ACTIONS, PRIVATE_LIST, origins
from deid.profiles.profile import Profile
from deid.profiles.rulebook import read_data
from deid.profiles.rules import Rule, one_of_many
from deid.profiles.structured import load_structured
from deid.profiles.table import BASIC, CLEAN_PIXELS, OPTIONS, SAFE_PRIVATE, read_rows
from deid.profiles.tags import TABLE, class_name, table_rows

STRUCTURED = "ps3_15_e3_4_1.csv"
IOD_NAMES = {
    "mg": "Digital Mammography X-Ray",
    "dbt": "Breast Tomosynthesis",
    "bpx": "Breast Projection X-Ray",
    "sc": "Secondary Capture",
    "cr": "Computed Radiography",
    "cad_sr": "Mammography CAD SR",
    "sr": "Structured Report",
    "ko": "Key Object Selection",
    "pr": "Presentation State",
    "seg": "Segmentation",
    "image": "any other image",
}
_PRIVATE = "PRIVATE"
_LONG = "Retain Longitudinal Temporal Information "


def markdown(heads: Iterable[str], rows: Iterable[Iterable[str | int]]) -> str:
    """Write a table; numbers stand right."""
    body = [[str(cell) if cell != "" else "–" for cell in row] for row in rows]
    names = list(heads)
    lines = [names, ["---"] * len(names), *([_escaped(cell) for cell in row] for row in body)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(cell: str) -> str:
    """Write a cell so that it stays one; within back quotes an asterisk is itself."""
    line = cell.replace("|", "\\|").replace("\n", " ")
    return line if line.startswith("`") else line.replace("*", "\\*")


def option_rows(profile: Profile) -> Iterator[tuple[str, str, str, str]]:
    """Give every option: code, meaning, clause, and whether it is chosen."""
    yield BASIC.code, BASIC.meaning, BASIC.clause, "yes, always"
    yield (
        *CLEAN_PIXELS,
        "yes, of objects with pixels that were looked at",
    )
    for name, option in OPTIONS.items():
        yield (*option, "yes" if name in profile.options else "no")


def class_rows(profile: Profile) -> Iterator[tuple[str, str, str]]:
    """Give every accepted SOP class: its name, UID, and the rules it goes by."""
    for uid, iod in profile.iods.items():
        yield class_name(uid), uid, IOD_NAMES[iod]


def iods_of(profile: Profile) -> list[str]:
    """Give the IODs that accepted classes go by, in the order of the first of each."""
    return list(dict.fromkeys(profile.iods.values()))


def attribute_rows(profile: Profile) -> Iterator[tuple[str, ...]]:
    """Give every row of Table E.1-1 with what this profile does with it."""
    first, *others = iods_of(profile)
    for row in table_rows():
        if row["tag"] == _PRIVATE:
            safe = SAFE_PRIVATE in profile.options
            what = "X, or by the list below" if safe else "X"
            yield "gggg odd", row["name"], row["basic"], what, "=", "PS3.15 E.3.10"
            continue
        tag = int(row["tag"].replace("X", "0"), 16)
        main = _here(profile, first, tag)
        rest: dict[str, list[str]] = {}
        for iod in others:
            rest.setdefault(_here(profile, iod, tag), []).append(iod)
        told = (
            "="
            if set(rest) <= {main}
            else "; ".join(
                f"{what}: {', '.join(iods)}" for what, iods in rest.items() if what != main
            )
        )
        rule = _rule(profile, first, tag, nested=False)
        yield _tag(row["tag"]), row["name"], row["basic"], main, told, _why(row["name"], rule)


def _tag(said: str) -> str:
    return f"({said[:4]},{said[4:]})".replace("X", "x")


def _why(name: str, rule: Rule) -> str:
    reason = rule.reason.removeprefix(name).removeprefix(": ").removeprefix(_LONG)
    return f"{reason}, {rule.clause}" if reason else rule.clause


def _here(profile: Profile, iod: str, tag: int) -> str:
    """Give the action at the top of an IOD, and inside its sequences if that differs."""
    top, nested = (_rule(profile, iod, tag, nested=nested).action.value for nested in (False, True))
    return top if top == nested else f"{top} (nested {nested})"


def _rule(profile: Profile, iod: str, tag: int, *, nested: bool) -> Rule:
    kinds = frozenset({known_vr(tag) or "UN"})
    return profile.rules[iod].rule(tag, kinds, nested=nested)


def counts(profile: Profile) -> Iterator[tuple[str, ...]]:
    """Count the rows of the table by action, at the top of the first IOD, and by origin."""
    first = iods_of(profile)[0]
    where = origins(profile.options)
    found: Counter[tuple[str, str]] = Counter()
    for row in table_rows():
        if row["tag"] == _PRIVATE:
            found["private attributes: removed unless on the list below", "X"] += 1
            continue
        tag = int(row["tag"].replace("X", "0"), 16)
        rule = _rule(profile, first, tag, nested=False)
        named = one_of_many(tag) in profile.rules[first].top.named
        origin = where.of(tag, rule, named=named).removesuffix(" Option")
        found[origin, rule.action.value] += 1
    every = {letter for _, letter in found}
    letters = [letter for letter in ACTIONS if letter in every]
    yield "", *letters, "all"
    for origin in sorted({origin for origin, _ in found}, key=_order):
        numbers = [found[origin, letter] for letter in letters]
        yield origin, *(str(n) if n else "" for n in numbers), str(sum(numbers))
    sums = [sum(n for (_, action), n in found.items() if action == letter) for letter in letters]
    yield "all", *map(str, sums), str(sum(sums))


def _order(origin: str) -> tuple[int, str]:
    kinds = ("Table", "option", "own", "general", "default", "private")
    return next(n for n, kind in enumerate(kinds) if origin.startswith(kind)), origin


def private_rows() -> Iterator[tuple[str | int, ...]]:
    """Count the list of safe private attributes by creator and kind."""
    found: dict[str, Counter[str]] = {}
    for row in read_rows(read_data(PRIVATE_LIST)):
        kinds = found.setdefault(row["creator"], Counter())
        kinds[row["kind"]] += 1
        kinds[row["source"]] += 1
    for creator, kinds in sorted(found.items(), key=lambda one: one[0].casefold()):
        yield (
            creator,
            kinds["number"] or "",
            kinds["code"] or "",
            kinds["text"] or "",
            ", ".join(source for source in ("PS3.15 E.3.10-1", "TCIA") if kinds[source]),
        )


def structured_rows(profile: Profile) -> Iterator[tuple[str, ...]]:
    """Give every row of Table E.3.4-1 with what this profile does with such an item."""
    rules = load_structured(profile.options).listed
    known: Mapping[tuple[str, str, str], str] = {
        (kind.code, kind.scheme, kind.value_type): "X"
        if answer.rules is None
        else next((rule.action.value for rule in answer.rules.values()), "K")
        for kind, answer in rules.items()
    }
    for row in read_rows(read_data(STRUCTURED)):
        key = (row["code"], row["scheme"].casefold(), row["value_type"])
        name = f"{row['code']} {row['scheme']}"
        yield name, row["meaning"], row["value_type"], row["basic"], known.get(key, "X")


def table_size() -> int:
    """Count the rows of Table E.1-1."""
    return sum(1 for _ in table_rows(TABLE))
