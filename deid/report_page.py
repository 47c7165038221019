"""A run's report as a page for people: one file, no network, nothing identified."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_TITLES = {"deid": "De-identification report", "dry-run": "De-identification, rehearsed"}
_MOST_RULES, _MOST_STOPPED = 60, 500
_DONE = {
    "KEPT": "kept as they were",
    "REPLACED": "replaced by a pseudonym, a new UID, a shifted date or a dummy",
    "EMPTIED": "emptied",
    "REMOVED": "removed",
    "CLEANED": "kept in part: identifying words taken out",
}
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --bar: #3b7dd8; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100%; font-size: .92em }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td.t { white-space: nowrap; font-family: ui-monospace, monospace; font-size: .92em }
.bar { display: inline-block; height: .7em; background: var(--bar); border-radius: 2px;
  min-width: 1px; print-color-adjust: exact; -webkit-print-color-adjust: exact }
.note { background: var(--soft); padding: .6rem .9rem; border-radius: 4px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 0 }
dt { opacity: .75 } dd { margin: 0; overflow-wrap: anywhere }
@media print { body { max-width: none; margin: 0; font-size: 10pt } h2 { break-after: avoid }
  tr { break-inside: avoid } }
"""

_END = """<h2>What this report does not say</h2>
<p>It holds no value that was removed, no name of a file and no original UID. Text in pixels is
found by neural networks, which can miss some.</p>"""

Cell = str | int
Row = Sequence[Cell]


def page(
    run: Mapping[str, Any],
    stopped: Iterable[Mapping[str, Any]] = (),
    *,
    meanings: Mapping[str, str],
    key: str = "",
) -> str:
    """Make the page of a run.

    Args:
        run: A `mammo-deid-run/1`.
        stopped: The `mammo-deid-instance/1` of what was not released.
        meanings: What each outcome means, in words.
        key: How a reader finds out which file a number stands for, if there is a way.
    """
    title = _TITLES.get(run["mode"], str(run["mode"]))
    parts = [
        f"<h1>{escape(title)}</h1>",
        _summary(run),
        _outcomes(run, meanings),
        _done(run),
        _codes(run),
        _found(run),
        _stopped(run, list(stopped), key),
        _rules(run),
        _END,
    ]
    return html(title, parts)


def html(title: str, parts: Iterable[str]) -> str:
    """Wrap parts, which are HTML already, into a page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def terms(pairs: Iterable[tuple[str, Cell]]) -> str:
    """Write a list of terms and what they are; empty ones are left out."""
    rows = (
        f"<dt>{escape(term)}</dt><dd>{escape(str(said))}</dd>" for term, said in pairs if said != ""
    )
    return f"<dl>{''.join(rows)}</dl>"


def table(heads: Sequence[str], rows: Iterable[Row], *, tags: int = -1) -> str:
    """Write a table; numbers stand right, and column `tags` is set in one width."""
    body = list(rows)
    if not body:
        return ""
    numbers = {at for at, cell in enumerate(body[0]) if isinstance(cell, int)}
    classes = ["n" if at in numbers else "t" if at == tags else "" for at in range(len(heads))]
    head = "".join(
        f'<th class="{kind}">{escape(name)}</th>' for kind, name in zip(classes, heads, strict=True)
    )
    lines = "".join(
        "<tr>"
        + "".join(
            f'<td class="{kind}">{escape(f"{cell:,}" if isinstance(cell, int) else cell)}</td>'
            for kind, cell in zip(classes, row, strict=True)
        )
        + "</tr>"
        for row in body
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def outcome_table(outcomes: Mapping[str, int], meanings: Mapping[str, str]) -> str:
    """Write how many files ended how, with a bar each."""
    total = sum(outcomes.values()) or 1
    rows = "".join(
        f'<tr><td class="t">{escape(outcome)}</td><td class="n">{number:,}</td>'
        f'<td style="width:30%"><span class="bar" style="width:{100 * number / total:.1f}%">'
        f"</span></td><td>{escape(meanings.get(outcome, ''))}</td></tr>"
        for outcome, number in sorted(outcomes.items(), key=lambda one: -one[1])
    )
    head = '<tr><th>outcome</th><th class="n">files</th><th></th><th>means</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _summary(run: Mapping[str, Any]) -> str:
    profile = run["profile"]
    return terms(
        (
            ("files", f"{run['files']:,} in {run['seconds']:,} s"),
            ("profile", f"{profile['name']}, version {profile['version']}"),
            ("table", f"PS3.15 Annex E, edition {profile['edition']}"),
            ("digest of the rules", profile["digest"]),
            ("keys", run["key_version"]),
            ("reader of text in pixels", run["detector"]),
        )
    )


def _outcomes(run: Mapping[str, Any], meanings: Mapping[str, str]) -> str:
    reasons = [(one["outcome"], one["reason"], one["files"]) for one in run["reasons"]]
    classes = [(name or "not told", number) for name, number in run["sop_classes"].items()]
    return (
        "<h2>Outcomes</h2>"
        + outcome_table(run["outcomes"], meanings)
        + ("<h2>Why files were not released</h2>" if reasons else "")
        + table(("outcome", "reason", "files"), reasons)
        + "<h2>Kinds of objects</h2>"
        + table(("SOP class", "files"), classes)
    )


def _done(run: Mapping[str, Any]) -> str:
    rows = [
        (name.lower(), number, _DONE.get(name, ""))
        for name, number in sorted(run["done"].items(), key=lambda one: -one[1])
    ]
    pixels = (
        '<p class="note">A rehearsal reads headers alone, and shows overlay planes as removed. '
        "A run also looks at them and at the pixels, where text may be found, and at the "
        "finished object once more; it may stop more files.</p>"
        if run["mode"] == "dry-run"
        else f"<p>{run['boxes_blanked']:,} rectangles of text were blanked in the pixels of "
        f"{run['instances_blanked']:,} instances.</p>"
    )
    return (
        "<h2>What was done to attributes</h2>"
        + table(("done", "attributes", ""), rows)
        + f"<p>{run['words_removed']:,} words were taken out of texts that were kept.</p>"
        + pixels
    )


def _codes(run: Mapping[str, Any]) -> str:
    rows = [(one["code"], one["meaning"], one["instances"]) for one in run["codes"]]
    return "<h2>Claimed of instances (PS3.16 CID 7050)</h2>" + table(
        ("code", "meaning", "instances"), rows, tags=0
    )


def _found(run: Mapping[str, Any]) -> str:
    rows = [(one["where"], one["what"], one["instances"]) for one in run["findings"]]
    if not rows:
        return ""
    return "<h2>What the second eye found in objects that were then stopped</h2>" + table(
        ("where", "what kind", "instances"), rows, tags=0
    )


def _stopped(run: Mapping[str, Any], stopped: list[Mapping[str, Any]], key: str) -> str:
    if not stopped:
        return ""
    rows = [
        (str(one["number"]), one["outcome"], one["reason"], one["sop_class"])
        for one in stopped[:_MOST_STOPPED]
    ]
    total = run["files"] - run["outcomes"].get("ADMITTED", 0)
    more = f"<p>{total - len(rows):,} more are not shown here.</p>" if total > len(rows) else ""
    return (
        "<h2>Files that were not released</h2>"
        + (f"<p>{escape(key)}</p>" if key else "")
        + table(("file", "outcome", "reason", "SOP class"), rows)
        + more
    )


def _rules(run: Mapping[str, Any]) -> str:
    changed = [one for one in run["rules"] if one["done"] != "KEPT"]
    rows = [
        (
            one["tag"],
            one["keyword"],
            one["action"],
            one["done"].lower(),
            one["attributes"],
            one["instances"],
            f"{one['reason']} ({one['clause']})",
        )
        for one in changed[:_MOST_RULES]
    ]
    if not rows:
        return ""
    more = len(changed) - len(rows)
    return (
        "<h2>Rules that changed most</h2>"
        + table(("tag", "attribute", "action", "done", "met", "in instances", "why"), rows, tags=0)
        + (f"<p>{more:,} more rules changed something; the JSON file has them.</p>" if more else "")
    )
