"""Whom a recall concerns, as lines for people, as JSON and as CSV."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from catalog.csv_cells import harmless
from catalog.holds import EFFECTS
from catalog.recalls.records import Affected, Recall
from catalog.vocabulary import HoldKind
from flows.cli.plural import counted

_EFFECT = EFFECTS[HoldKind.RECALLED]


def lines(found: Affected, moment: datetime) -> Iterator[str]:
    """Write it for people."""
    yield heading(found.recall)
    yield f"  {', '.join(f'{name} {value}' for name, value in found.recall.criteria.items())}"
    yield f"  {found.recall.reason}"
    yield clock(found.recall, moment)
    yield "objects are counted with all that was derived of them here"
    yield f"{counted(len(found.permits), 'permit')} with it in releases"
    for one in found.permits:
        ended = ", revoked" if one.revoked else ""
        numbers = ", ".join(map(str, one.releases))
        yield (
            f"  {one.permit_id}{ended}: {counted(one.instances, 'object')} in release {numbers}, "
            f"{counted(one.accesses, 'access', 'accesses')} logged"
        )
        yield f"    tell: {', '.join(one.persons)}"
    yield f"deletion in secure processing environments: {_EFFECT.deletion.value}"
    yield f"{counted(len(found.holders), 'holder')}: controller until the hand-over"
    for holder in found.holders:
        yield (
            f"  {holder.holder_id} ({holder.name}, {holder.region}): "
            f"{counted(holder.studies, 'study', 'studies')}, {counted(holder.instances, 'object')}"
        )


def heading(recall: Recall) -> str:
    """Write a recall on one line: held at once and since, what was lifted, whether it stands."""
    said = f"recall {recall.id} of {_written(recall.at)} by {recall.who}: "
    said += counted(recall.holds, "hold")
    if recall.later:
        said += f" and {recall.later} since"
    if recall.lifted_at is not None:
        many = "all" if recall.lifted >= recall.holds + recall.later else f"{recall.lifted} of them"
        said += f", {many} lifted {_written(recall.lifted_at)} by {recall.lifted_by}"
    return f"{said}, stands" if recall.stands else said


def clock(recall: Recall, moment: datetime) -> str:
    """Say how long there is to notify the authority."""
    left = recall.tell_by - moment
    hours = int(abs(left).total_seconds() // 3600)
    said = f"{hours} h left" if left.total_seconds() > 0 else f"over since {hours} h"
    return (
        f"known since {_written(recall.aware_at)}; notify the authority (IMY) by "
        f"{_written(recall.tell_by)}, {said} (GDPR Article 33)"
    )


def as_json(found: Affected) -> str:
    """Write it for programs."""
    told = asdict(found) | {"deletion": _EFFECT.deletion.name}
    told["recall"] |= {"tell_by": found.recall.tell_by, "stands": found.recall.stands}
    return json.dumps(told, default=_json, ensure_ascii=False, indent=2)


def as_csv(found: Affected) -> str:
    """Write one line for each person of a permit, and one for each holder."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("what", "id", "name", "person", "studies", "objects", "accesses", "tell_by"))
    by = found.recall.tell_by.isoformat()
    for one in found.permits:
        for person in one.persons:
            told = (one.permit_id, one.title, person, "", one.instances, one.accesses, by)
            writer.writerow(("permit", *map(harmless, told)))
    for holder in found.holders:
        whose = (holder.holder_id, holder.name, "", holder.studies, holder.instances, "", by)
        writer.writerow(("holder", *map(harmless, whose)))
    return text.getvalue().rstrip("\n")


def _json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
