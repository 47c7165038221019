"""What a bar shows: less where there is less room, and nothing where nobody looks."""

import io

import pytest
from rich.console import Console

from flows.progress import row


def shown(*, terminal: bool, width: int) -> str:
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=terminal, width=width, color_system=None, _environ={}
    )
    with row("de-identify", console) as update:
        update(completed=20, total=40, state="18 clean, 2 not")
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_the_figures_are_whole_whatever_the_width(width: int) -> None:
    said = shown(terminal=True, width=width)
    assert "de-identify" in said
    assert "20/40 18 clean, 2 not 0:00:00" in said
    assert ("━" in said) is (width > 100)


def test_what_is_no_terminal_gets_no_bar() -> None:
    assert shown(terminal=False, width=120).strip() == ""


def test_if_something_goes_wrong_the_bar_goes() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=120, color_system=None)

    def fail() -> None:
        with row("verify", console) as update:
            update(completed=1, total=2)
            file.truncate(0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert "verify" not in file.getvalue()
