"""An object redacted whole: what people keep, choose and let pass; lossy, hidden, signed."""

from typing import Any

import numpy as np
import pytest
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from deid.errors import Reason, SuspectError
from deid.findings import Finding
from deid.passage import Passage
from deid.pixels.coding.codecs import read_layout
from deid.pixels.coding.planes import luminance
from deid.pixels.redact import Redaction, read_again, redact
from deid.pixels.staying import ViewTag
from deid.ruling import Box, Ruling
from tests.deid.pictures import (
    Array,
    burn,
    described,
    encapsulated,
    film,
    glyphs,
    joined,
    native,
    opened,
    text_reader,
    written,
)
from tests.deid.test_rewriting import ANY, NUMBER, SHAPE, frames_of, lossy


def crop() -> Array:
    return (film("1-130")[1700:2340, 300:940] >> 4).astype(np.uint16)


def cleaned(source: bytes, **said: Any) -> tuple[Redaction, bytes]:
    reader, parsed = opened(source)
    redaction = redact(reader, parsed, text_reader(), view=ANY, **said)
    return redaction, joined(source, redaction.pieces)


def written_twice() -> tuple[bytes, Array, Array]:
    """Two lines of text far apart."""
    picture = crop()
    above = burn(picture, (100, 60), glyphs(NUMBER, 40), 4095)
    below = burn(picture, (500, 60), glyphs("Anna Sjostrom", 40), 4095)
    return native(picture, BitsStored=12), above, below


def test_what_people_keep_stays_and_what_they_choose_goes() -> None:
    source, above, below = written_twice()
    proposed = {box.corners[0][1] > 300: box for box in cleaned(source)[0].boxes}
    chosen = Box(1, ((400, 300), (460, 300), (460, 340), (400, 340)))
    ruling = Ruling(blank=(chosen,), keep=(proposed[True],))
    redaction, finished = cleaned(source, ruling=ruling)
    (after,) = frames_of(finished)
    (before,) = frames_of(source)
    black = before.min()
    assert (after[above] == black).all()
    assert np.array_equal(after[below], before[below])
    assert (after[300:341, 400:461] == black).all()
    assert chosen in redaction.boxes
    reader, parsed = opened(finished)
    assert read_again(reader, parsed, text_reader()) == (Finding("frame 1", "text"),)
    assert read_again(reader, parsed, text_reader(), kept=ruling.keep) == ()
    elsewhere = Box(2, proposed[True].corners)
    assert read_again(reader, parsed, text_reader(), kept=(elsewhere,))


def test_what_a_rule_blanks_goes_unless_it_is_plain() -> None:
    picture = np.zeros((200, 200), np.uint8)
    picture[60:140, 60:140] = np.arange(80, dtype=np.uint8)
    source = native(picture)
    ruled = Box(1, ((0, 0), (79, 0), (79, 199), (0, 199)))
    plain = Box(1, ((0, 0), (40, 0), (40, 199), (0, 199)))
    assert cleaned(source, passage=Passage(blank=(plain,)))[1] == source
    redaction, finished = cleaned(source, passage=Passage(blank=(ruled,)))
    assert redaction.boxes == (ruled,)
    (after,) = frames_of(finished)
    assert not after[:, :80].any()
    assert np.array_equal(after[:, 80:], picture[:, 80:])


WORD = glyphs("ab", 30)


@pytest.mark.parametrize(
    ("photometric", "tones"),
    [
        ("RGB", ((100, 100, 100), (100, 89, 157))),
        ("YBR_FULL", ((90, 100, 100), (90, 100, 152))),
        ("YBR_FULL_422", ((90, 100, 100), (90, 100, 152))),
        ("PALETTE COLOR", (3, 7)),
    ],
)
def test_letters_as_bright_as_what_is_around_them_go_with_the_box(
    photometric: str, tones: tuple[Any, Any]
) -> None:
    around, letters = (np.array(tone, np.uint8) for tone in tones)
    picture = np.empty((100, 120, *around.shape), np.uint8)
    picture[...] = around
    burn(picture, (40, 40), WORD, letters)
    made = described(picture, PhotometricInterpretation=photometric)
    if photometric == "PALETTE COLOR":
        for colour in ("Red", "Green", "Blue"):
            setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(made, f"{colour}PaletteColorLookupTableData", b"\0\x40" * 256)
    stored = picture
    if photometric == "YBR_FULL_422":  # Y Y CB CR
        pairs = picture.reshape(100, 60, 2, 3)
        stored = np.concatenate((pairs[..., 0], pairs[:, :, 0, 1:]), -1)
    made.PixelData = stored.tobytes()
    made["PixelData"].VR = "OB"
    source = written(made, ExplicitVRLittleEndian)
    chosen = Box(1, ((30, 30), (109, 30), (109, 89), (30, 89)))
    empty = Box(1, ((0, 0), (20, 0), (20, 20), (0, 20)))
    redaction, finished = cleaned(source, ruling=Ruling(blank=(chosen, empty)))
    assert chosen in redaction.boxes
    assert empty not in redaction.boxes
    (after,) = frames_of(finished)
    inside = after[30:90, 30:110].reshape(60 * 80, -1)
    assert len(np.unique(inside, axis=0)) == 1
    assert np.array_equal(after[:30], frames_of(source)[0][:30])


def test_a_marker_that_contradicts_is_named_and_may_be_let_pass() -> None:
    source = native(film("1-130")[200:1100, 1650:2750])
    reader, parsed = opened(source)
    for view in (ViewTag("R", "CC"), ViewTag("L", "MLO")):
        with pytest.raises(SuspectError) as caught:
            redact(reader, parsed, text_reader(), view=view)
        assert caught.value.reason is Reason.MARKER
        assert caught.value.findings == (Finding("frame 1", "marker"),)
    waived = Ruling(waived=frozenset(caught.value.findings))
    redaction = redact(reader, parsed, text_reader(), view=ViewTag("R", "CC"), ruling=waived)
    assert joined(source, redaction.pieces) == source


def test_bits_beyond_bits_stored_are_cleared_and_the_pixels_stay() -> None:
    picture = crop()
    picture[5:9, 5] |= 1 << 13
    burn(picture, (300, 60), glyphs(NUMBER, 40), 4095)
    source = native(picture, BitsStored=12)
    redaction, finished = cleaned(source)
    (after,) = frames_of(finished)
    assert redaction.changed_frames == (1,)
    assert len(finished) == len(source)
    changed = after != picture & 4095
    assert changed[280:360].any()
    assert not changed[:250].any()
    assert not changed[400:].any()


def test_a_lossy_picture_with_text_is_written_as_it_was_decoded() -> None:
    picture = (crop() >> 4).astype(np.uint8)
    drawn = burn(picture, (300, 60), glyphs(NUMBER, 40), 255)
    source = encapsulated(picture, [lossy(picture, JPEGBaseline8Bit)], JPEGBaseline8Bit)
    (before,) = frames_of(source)
    redaction, finished = cleaned(source)
    assert redaction.transfer_syntax == ExplicitVRLittleEndian
    after = np.frombuffer(finished[-before.size :], np.uint8).reshape(before.shape)
    assert (after[drawn] == before.min()).all()
    assert np.array_equal(after[400:], before[400:])


def test_colours_beyond_bits_stored_are_suspect() -> None:
    picture = np.zeros((*SHAPE, 3), np.uint16)
    layout = read_layout(described(picture, BitsStored=12))
    assert not luminance(picture, layout).any()
    picture[3, 3, 1] = 1 << 12
    with pytest.raises(SuspectError):
        luminance(picture, layout)
