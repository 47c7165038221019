"""What an operator reads of a finished export: outcomes, sums, reasons; never a name."""

from collections.abc import Mapping

from catalog.outcome import Outcome, Tally

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
