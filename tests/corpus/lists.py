"""Lists in text files beside this one: `[section]`, then its lines; `#` begins a comment."""

from functools import lru_cache
from pathlib import Path


@lru_cache
def lines(name: str) -> dict[str, list[str]]:
    """Give the lines of each section of a file."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            found.setdefault(section, []).append(line)
    return found


def sections(name: str) -> dict[str, list[str]]:
    """Give the words of each section of a file."""
    return {section: " ".join(said).split() for section, said in lines(name).items()}
