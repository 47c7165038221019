"""The header side on real and odd objects beside a developer's clone: `make check-shared`."""

import io
from pathlib import Path

import pytest

from deid.deidentify import identity
from deid.errors import DeidError
from deid.header import clean_header
from deid.identifiers import harvest
from deid.profile import load_profile
from deid.pseudonym import Person, Subkeys
from deid.screen import screen
from deid.serialise import serialise
from deid.source import parse
from deid.verify import verify

DATA = Path(__file__).parents[3] / "shared" / "data"
FILES = sorted(
    p for p in DATA.rglob("*") if p.is_file() and p.suffix not in {".csv", ".md", ".txt"}
)
SUBKEYS = Subkeys(b"u" * 32, b"a" * 32, b"d" * 32, b"t" * 32)


def test_there_is_something_to_look_at():
    assert len(FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_ends_cleanly(path):
    """Nothing but our own errors; what passes the gate is proven clean."""
    profile = load_profile()
    try:
        parsed = parse(io.BytesIO(path.read_bytes()))
        identifiers = harvest(parsed)
        screen(parsed, profile)
        person = Person("PSEUDONYM")
        assert identity(parsed)
    except DeidError:
        return
    header = clean_header(parsed, profile=profile, person=person, subkeys=SUBKEYS)
    pixels = path.read_bytes()[parsed.pixels.start : parsed.pixels.end]
    (head, *_), _ = serialise(header, (pixels,))
    assert verify(io.BytesIO(head + pixels), identifiers=identifiers, profile=profile) == ()
