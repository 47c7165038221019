"""How an application is shown to an assessor."""

from collections.abc import Iterator

from catalog.applications.form import Form
from catalog.applications.records import Application, Listed
from catalog.applications.rules import gaps

HEADER = f"{'application':20} {'state':31} {'submitted':10} version  applicant: title"
_INDENT = "  "


def line(one: Listed) -> str:
    """Give one line of the list."""
    day = "" if one.submitted_at is None else f"{one.submitted_at:%Y-%m-%d}"
    return f"{one.key:20} {one.state:31} {day:10} {one.version:7}  {one.applicant}: {one.title}"


def told(found: Application) -> Iterator[str]:
    """Give everything, by the points of Article 67(2)."""
    yield f"{found.key}: {found.state}, version {found.version}"
    yield f"{_INDENT}{found.form.title}"
    yield from _points(found.form)
    for clause, field in gaps(found.form):
        yield f"lacks {field} (Article {clause})"
    for one in found.events:
        reason = f": {one.reason}" if one.reason else ""
        yield f"{one.at:%Y-%m-%d %H:%M} {one.event} by {one.who}{reason}"
    if found.permit_id:
        yield f"permit: {found.permit_id}"


def _points(form: Form) -> Iterator[str]:
    """Give what is written, each point with its clause; what is not is left out."""
    for name, field in Form.model_fields.items():
        written = form.model_dump(mode="json", exclude_defaults=True).get(name)
        if name != "title" and written:
            yield f"{name} ({field.description})"
            yield from _indented(written, 1)


def _indented(written: object, depth: int) -> Iterator[str]:
    if isinstance(written, dict):
        for key, value in written.items():
            if isinstance(value, dict | list):
                yield f"{_INDENT * depth}{key}:"
                yield from _indented(value, depth + 1)
            else:
                yield from _lines(f"{key}: {value}", depth)
    elif isinstance(written, list):
        for value in written:
            inner = list(_indented(value, 0))
            yield from (
                f"{_INDENT * depth}{'-' if at == 0 else ' '} {one}" for at, one in enumerate(inner)
            )
    else:
        yield from _lines(str(written), depth)


def _lines(text: str, depth: int) -> Iterator[str]:
    yield from (f"{_INDENT * depth}{one}" for one in text.splitlines())
