"""What many outcomes come to, as `name=value` lines: by height, contrast, place, turn and print."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.bench.pixels.films import NUMBERS
from tests.bench.pixels.samples import SOLID, Kind
from tests.bench.pixels.score import Outcome, Scored

CLEAR = 4.0  # times the noise: from here on nothing may be missed


def said(name: str, outcomes: list[Outcome]) -> Iterator[str]:
    """Report images with text in them."""
    released = [outcome for outcome in outcomes if not outcome.suspect]
    items = [item for outcome in released for item in outcome.items]
    identities = [item for item in items if item.item.kind is Kind.IDENTITY]
    clear = [item for item in identities if item.item.contrast >= CLEAR]
    faint = [item for item in identities if item.item.contrast < CLEAR]
    yield f"{name}.images={len(outcomes)}"
    yield f"{name}.images_held_back={len(outcomes) - len(released)}"
    yield from _held_back(name, outcomes)
    yield f"{name}.identities={len(identities)}"
    yield from _counted(f"{name}.from_4_sd", clear)
    yield from _counted(f"{name}.at_2_sd", faint)
    for stratum, group in _by_stratum(clear):
        yield from _counted(f"{name}.from_4_sd.{stratum}", group)
    for stratum, group in _by_stratum(faint):
        yield from _counted(f"{name}.at_2_sd.{stratum}", group)
    yield from _markers(name, items)
    yield from _second_eye(name, released)
    yield f"{name}.pixels_changed_outside_boxes={sum(one.beyond for one in released)}"
    yield from _times(name, released)


def said_clean(name: str, outcomes: list[Outcome]) -> Iterator[str]:
    """Report images without an identity: all that is blanked is for nothing."""
    released = [outcome for outcome in outcomes if not outcome.suspect]
    boxes = sum(len(one.boxes) for one in released)
    yield f"{name}.images={len(outcomes)}"
    yield f"{name}.images_held_back={len(outcomes) - len(released)}"
    yield from _held_back(name, outcomes)
    yield f"{name}.images_untouched={sum(not one.boxes for one in released)}"
    yield f"{name}.boxes={boxes}"
    yield f"{name}.boxes_per_image={boxes / max(1, len(released)):.3f}"
    numbers = sum(_on_number(one) for one in released)
    yield f"{name}.boxes_on_lead_numbers={numbers}"
    tissue = sum(one.tissue for one in released) / max(1, len(released))
    yield f"{name}.tissue_blanked_percent={100 * tissue:.4f}"
    yield from _markers(name, [item for one in released for item in one.items])
    yield from _times(name, released)


def recall(items: Iterable[Scored]) -> float:
    """Give the share of all glyph pixels that are covered."""
    known = list(items)
    pixels = sum(item.pixels for item in known)
    return sum(item.covered * item.pixels for item in known) / pixels if pixels else 1.0


def _held_back(name: str, outcomes: list[Outcome]) -> Iterator[str]:
    reasons: dict[str, int] = defaultdict(int)
    for outcome in outcomes:
        if outcome.suspect:
            reasons[outcome.suspect] += 1
    for reason, count in sorted(reasons.items()):
        yield f"{name}.held_back.{reason.replace(' ', '_')}={count}"


def _counted(name: str, items: list[Scored]) -> Iterator[str]:
    yield f"{name}.items={len(items)}"
    yield f"{name}.missed={sum(item.missed for item in items)}"
    yield f"{name}.glyph_pixels_percent={100 * recall(items):.2f}"


def _by_stratum(items: list[Scored]) -> Iterator[tuple[str, list[Scored]]]:
    groups: dict[str, list[Scored]] = defaultdict(list)
    for scored in items:
        item = scored.item
        contrast = "solid" if item.contrast == SOLID else f"{item.contrast:g}_sd"
        groups[f"height_{item.height:03}"].append(scored)
        groups[f"contrast_{contrast}"].append(scored)
        groups[f"place_{item.where}"].append(scored)
        groups[f"turn_{item.turn}"].append(scored)
        groups["shade_light" if item.light else "shade_dark"].append(scored)
        groups[f"print_{item.style.replace(' ', '_')}"].append(scored)
    yield from sorted(groups.items())


def _markers(name: str, items: list[Scored]) -> Iterator[str]:
    for kind, word in ((Kind.MARKER, "complete"), (Kind.CUT, "cut")):
        these = [item for item in items if item.item.kind is kind]
        yield f"{name}.markers_{word}={len(these)}"
        yield f"{name}.markers_{word}_kept={sum(not item.lost for item in these)}"


def _second_eye(name: str, released: list[Outcome]) -> Iterator[str]:
    missed = [item for one in released for item in one.items if item.missed]
    clear = [item for item in missed if item.item.contrast >= CLEAR]
    with_miss = [one for one in released if any(item.missed for item in one.items)]
    without = [one for one in released if one not in with_miss]
    yield f"{name}.second_eye.missed_items={len(missed)}"
    yield f"{name}.second_eye.missed_items_seen={sum(item.again is True for item in missed)}"
    yield f"{name}.second_eye.missed_from_4_sd={len(clear)}"
    yield f"{name}.second_eye.missed_from_4_sd_seen={sum(it.again is True for it in clear)}"
    for word, group in (("with", with_miss), ("without", without)):
        yield f"{name}.second_eye.images_{word}_a_miss={len(group)}"
        suspect = sum(one.second_eye is True for one in group)
        yield f"{name}.second_eye.images_{word}_a_miss_suspect={suspect}"


def _times(name: str, released: list[Outcome]) -> Iterator[str]:
    if not released:
        return
    yield f"{name}.redact_ms={1000 * sum(o.cpu[0] for o in released) / len(released):.0f}"
    stages: dict[str, float] = defaultdict(float)
    for outcome in released:
        for stage, seconds in outcome.stages.items():
            stages[stage] += seconds
    for stage, seconds in sorted(stages.items()):
        yield f"{name}.stage_{stage}_ms={1000 * seconds / len(released):.0f}"
    looked = [one.cpu[1] for one in released if one.second_eye is not None]
    if looked:
        yield f"{name}.second_eye_ms={1000 * sum(looked) / len(looked):.0f}"


def _on_number(outcome: Outcome) -> int:
    stem = outcome.name.partition(" ")[0]
    if stem not in NUMBERS:
        return 0
    rows, columns = NUMBERS[stem]
    count = 0
    for box in outcome.boxes:
        x = sum(corner[0] for corner in box.corners) / 4
        y = sum(corner[1] for corner in box.corners) / 4
        count += rows.start <= y <= rows.stop and columns.start <= x <= columns.stop
    return count
