"""What is written where something was taken out of a text: one gap, and no mark of it."""

_OPENING, _CLOSING = "([{", ")]}"
_STRONGEST = ".!?;:,"


def closed(gaps: list[str], *, first: bool, last: bool = False) -> str:
    """Make one gap of those around what was taken out."""
    if len(gaps) == 1:
        return gaps[0]
    alike = set(gaps)
    if len(alike) == 1 and not (first or last):
        return gaps[0]
    joined = "".join(gaps)
    closing, opening = _unmatched(joined)
    if last:
        return closing + ("." if "." in gaps[-1] and gaps[-1].strip()[:1] == "." else "")
    if first:
        return opening
    lines = "\n" * min(joined.count("\n"), 2)
    mark = next((mark for mark in _STRONGEST if mark in joined), "")
    if not mark and not any(c.isspace() for c in joined):
        mark = next((c for c in joined if c in "_-/"), "")
        return closing + mark + opening if mark else f"{closing} {opening}"
    return closing + mark + (lines or " ") + opening


def _unmatched(text: str) -> tuple[str, str]:
    """Give the closing and the opening brackets that have no partner in a text."""
    closing: list[str] = []
    opening: list[str] = []
    for char in text:
        if char in _OPENING:
            opening.append(char)
        elif char in _CLOSING:
            if opening:
                opening.pop()
            else:
                closing.append(char)
    return "".join(closing), "".join(opening)
