"""The room is pure: what it is given is all it sees (docs: architecture, rooms)."""

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

import deid
from tests.deid.headers import finished, found, mammogram, tomosynthesis, written

MODULES = sorted(Path(deid.__file__).parent.glob("*.py"))
FORBIDDEN = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("os", "environ"),
    ("os", "getenv"),
    ("uuid", "uuid1"),
    ("uuid", "uuid4"),
}
FORBIDDEN_IMPORTS = {"time", "random", "secrets", "socket", "subprocess", "tempfile", "urllib"}
IMPURE = ("open", "os.", "socket.", "subprocess.", "shutil.", "tempfile.", "urllib.", "sqlite3.")


class Watch:
    """An audit hook that watches while entered; once added it stays for good."""

    def __init__(self) -> None:
        self.active = False
        self.seen: list[str] = []

    def __call__(self, event: str, _: tuple[Any, ...]) -> None:
        if self.active and event.startswith(IMPURE):
            self.seen.append(event)

    def __enter__(self) -> None:
        self.seen.clear()
        self.active = True

    def __exit__(self, *exception: object) -> None:
        self.active = False


@pytest.fixture(scope="module")
def watch() -> Watch:
    source = written(mammogram())
    found(source, finished(source))  # loads the rules and words, once
    hook = Watch()
    sys.addaudithook(hook)
    return hook


def test_cleaning_and_verifying_touch_nothing(watch: Watch) -> None:
    sources = [written(made) for made in (mammogram(), tomosynthesis(2))]
    with watch:
        kinds = [found(source, finished(source)) for source in sources]
    assert kinds == [{}, {}]
    assert watch.seen == []


def test_the_watch_sees(watch: Watch) -> None:
    with watch:
        Path(__file__).read_bytes()
    assert "open" in watch.seen


@pytest.mark.parametrize("module", MODULES, ids=[module.stem for module in MODULES])
def test_no_clock_no_chance_no_environment(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            assert (owner, node.attr) not in FORBIDDEN
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_IMPORTS
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in FORBIDDEN_IMPORTS
            names = {(node.module or "", alias.name) for alias in node.names}
            assert not names & FORBIDDEN
