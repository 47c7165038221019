"""The auditors' page names every action that is written into the ledger."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "audit.md").read_text()
#: Where a call that writes a line has its action.
PLACES = {"AccessEvent": 2, "note": 2, "refusals_recorded": 2, "_told": 2}


def test_every_action_is_on_the_page() -> None:
    named = set(re.findall(r"`([a-z][a-z.…-]*)`", PAGE))
    written = {one for room in ("catalog", "access_api", "flows") for one in _actions(ROOT / room)}
    assert {"download", "token", "delivery.…", "deleted"} <= written
    assert {one for one in written - named if f"{one.partition('.')[0]}.…" not in named} == set()


def _actions(room: Path) -> Iterator[str]:
    for path in sorted(room.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and (said := _action(call)) is not None:
                yield from _words(said)


def _action(call: ast.Call) -> ast.expr | None:
    if isinstance(call.func, ast.Attribute):  # `visit.recorded`
        return call.args[0] if call.func.attr == "recorded" and call.args else None
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    place = 2 if name == "recorded" else PLACES.get(name)
    return call.args[place] if place is not None and len(call.args) > place else None


def _words(said: ast.expr) -> Iterator[str]:
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        yield said.value
    if isinstance(said, ast.JoinedStr) and isinstance(first := said.values[0], ast.Constant):
        yield f"{first.value}…"
