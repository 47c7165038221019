"""What an operator reads of a finished export: outcomes, sums, reasons; never a name."""

from collections.abc import Mapping
from pathlib import Path

from catalog.ledgers.ledger import Ledger
from catalog.ledgers.records import Export
from catalog.outcome import Outcome, Tally
from catalog.records import Versions
from deid.report_page import html, outcome_table, terms
from deid.report_page import table as html_table
from flows.errors import SourceError

MEANINGS = {
    Outcome.ADMITTED: "new, clean, stored and catalogued",
    Outcome.KNOWN: "stored already, the same",
    Outcome.REVISED: "stored already; the header changed: a new Revision",
    Outcome.CONFLICT: "stored already with other pixels: in quarantine",
    Outcome.REFUSED: "a rule says it may not pass: left at the source",
    Outcome.UNREADABLE: "not a whole DICOM object: in quarantine",
    Outcome.SUSPECT: "could not be proven clean: in quarantine",
    Outcome.UNAVAILABLE: "claimed or listed, but not to be had",
}

Reasons = Mapping[tuple[Outcome, str], int]


def table(tally: Tally) -> list[dict[str, str | int]]:
    """Give one row per outcome that occurs."""
    return [
        {"outcome": outcome.value, "instances": number, "means": MEANINGS[outcome]}
        for outcome in Outcome
        if (number := tally.counts.get(outcome, 0))
    ]


def markdown(export_id: str, holder: str, tally: Tally, reasons: Reasons) -> str:
    """Tell what happened to an export in a page."""
    sums = f"{tally.total} outcomes for {tally.claimed} claimed instances"
    if tally.foreign:
        sums += f" and {tally.foreign} foreign files"
    verdict = "the sums agree" if tally.matches else "**the sums do not agree**"
    lines = [
        f"# Export {export_id}",
        f"Holder `{holder}`: {sums}; {verdict}.",
        "",
        "| outcome | instances | means |",
        "|---|---:|---|",
        *(f"| {row['outcome']} | {row['instances']} | {row['means']} |" for row in table(tally)),
    ]
    why = {key: number for key, number in reasons.items() if key[1]}
    if why:
        lines += ["", "| outcome | reason | instances |", "|---|---|---:|"]
        lines += [f"| {key[0]} | {key[1]} | {number} |" for key, number in sorted(why.items())]
    return "\n".join(lines) + "\n"


def write_page(
    ledger: Ledger, export_id: str, path: Path, versions: Versions | None = None
) -> None:
    """Write what became of an export as a page: from the ledger, which knows no rule's counts.

    Args:
        ledger: The region's.
        export_id: Of the export.
        path: The file to write.
        versions: What de-identifies now, if it is to be told.

    Raises:
        NotFoundError: There is no such export.
        SourceError: The page cannot be written.
    """
    export = ledger.export(export_id)
    written = page(export, ledger.tally(export_id), ledger.reasons(export_id), versions)
    try:
        path.write_text(written, encoding="utf-8")
    except OSError:
        message = "the page cannot be written there; check the folder"
        raise SourceError(message) from None


def page(export: Export, tally: Tally, reasons: Reasons, versions: Versions | None = None) -> str:
    """Tell what happened to an export in a page that names nobody."""
    decision = export.decision
    sums = "agree" if tally.matches else "do not agree"
    title = f"Export {export.id}"
    why = sorted(
        ((key[0].value, key[1], number) for key, number in reasons.items() if key[1]),
        key=lambda row: -row[2],
    )
    told = [
        ("holder", export.holder_id),
        ("disclosure decision", decision.reference),
        ("legal basis", decision.legal_basis),
        ("purpose", decision.purpose),
        ("claimed", f"{tally.claimed:,} instances, and {tally.foreign:,} foreign files came along"),
        ("outcomes", f"{tally.total:,}; the sums {sums}"),
    ]
    if versions is not None:
        told += [
            ("profile now", versions.profile),
            ("table now", f"PS3.15 Annex E, edition {versions.edition}"),
            ("keys now", versions.key_version),
            ("reader of text in pixels now", versions.detector),
        ]
    return html(
        title,
        (
            f"<h1>{title}</h1>",
            terms(told),
            "<h2>Outcomes</h2>",
            outcome_table({o.value: n for o, n in tally.counts.items()}, _WORDS),
            "<h2>Why</h2>" if why else "",
            html_table(("outcome", "reason", "files"), why),
        ),
    )


_WORDS = {outcome.value: meaning for outcome, meaning in MEANINGS.items()}
