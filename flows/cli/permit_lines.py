"""How a permit is shown."""

from collections.abc import Iterator
from datetime import date

from catalog.permits.content import Content
from catalog.permits.reading import Issued
from catalog.permits.records import Permit

HEADER = f"{'permit':24} {'state':8} {'from':10} {'until':10} {'tier':13} title"


def line(one: Permit, today: date) -> str:
    """Give one line of the list; a star marks what can be used today."""
    state = f"{one.state(today)}{'*' if one.in_force(today) else ''}"
    days = f"{one.valid_from} {one.valid_until}"
    return f"{one.id:24} {state:8} {days} {one.tier:13} {one.title}"


def told(found: Issued, today: date) -> Iterator[str]:
    """Give all that it says, by the points of Article 68(10), and what happened."""
    one = found.permit
    now = "can be used today" if one.in_force(today) else "cannot be used today"
    yield f"{one.id}: {one.state(today)}, {now}"
    yield f"  {one.title}"
    if found.content is None:
        yield f"  for development, without an application: {', '.join(sorted(one.persons))}"
        yield f"  {one.purpose}; {one.tier}; {one.valid_from} to {one.valid_until}"
    else:
        yield f"  of {found.application}"
        yield from _points(found.content)
    if one.superseded is not None:
        yield f"  {one.superseded.by} takes its place from {one.superseded.since} on"
    if len(found.line) > 1:
        yield f"  its line: {', '.join(found.line)}"
    for event in found.events:
        yield f"{event.at:%Y-%m-%d %H:%M} {event.event} by {event.who}: {event.reason}"


def _points(content: Content) -> Iterator[str]:
    cohort = content.data.cohort.model_dump(mode="json", exclude_defaults=True)
    query = ", ".join(f"{key}={value}" for key, value in cohort.items()) or "every study"
    yield f"  (a) {content.tier}; {query}"
    yield from (f"      {row}" for row in content.data.description.splitlines())
    yield f"  (b) {', '.join(content.purposes)}"
    yield f"  (c) Article 71(4) {'is' if content.opt_out_exception else 'is not'} applied"
    for one in content.persons:
        yield f"  (d) {one.subject}: {one.name}, {one.function}{' (leads)' if one.lead else ''}"
    for account in content.environments:
        yield f"  (d) {account}: a secure processing environment"
    yield f"  (e) {content.valid_from} to {content.valid_until}"
    yield from (f"  (f) {row}" for row in content.tools.splitlines())
    yield from (f"  (g) {row}" for row in (content.fees or "none").splitlines())
    for condition in content.conditions:
        yield from (f"  (h) {row}" for row in condition.splitlines())
