"""What `mammo reconcile` says."""

from collections.abc import Iterator

from flows.reconcile.kinds import RULES, Action, Kind
from flows.reconcile.report import Report

_WOULD = "would be {}"
_LEFT = {Action.LEAVE: "left alone", Action.TELL: "told"}


def lines(side: str, report: Report, *, mended: bool) -> Iterator[str]:
    """Say what was found on a side, what was done, and what remains to be done by whom."""
    yield f"{side}:" + ("" if report.found else " everything is as the records say")
    for kind in Kind:
        if report.found[kind]:
            yield from _of(kind, report, mended=mended)
    if report.read:
        yield f"{report.read:8}  objects read, and their digests compared"
    if report.held:
        yield f"{report.held:8}  Holds placed; mammo hold list shows them"
    if not mended and not report.is_well:
        yield "nothing was changed; --mend removes what nobody names and holds what is damaged"


def _of(kind: Kind, report: Report, *, mended: bool) -> Iterator[str]:
    rule, number = RULES[kind], report.found[kind]
    yield f"{number:8}  {rule.what[number != 1]}: {_done(kind, report, mended=mended)}"
    if report.named.get(kind) and rule.action is not Action.REMOVE:
        more = number - len(report.named[kind])
        told = "; ".join(report.named[kind])
        yield f"          {told}{f'; {more} more' if more else ''}"
    if kind in report.too_many:
        yield "          more than --most: was a database restored from a backup?"
    elif rule.then and report.remains(kind) and (mended or rule.action is Action.TELL):
        yield f"          {rule.then}"


def _done(kind: Kind, report: Report, *, mended: bool) -> str:
    action = RULES[kind].action
    if action in _LEFT:
        return _LEFT[action]
    if not mended:
        return _WOULD.format(action.value)
    if action is Action.HOLD or report.mended[kind] == report.found[kind]:
        return action.value
    return f"{report.mended[kind]} {action.value}"
