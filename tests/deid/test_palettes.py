"""Tables of colours of which nobody sees the picture do not leave."""

import io
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from deid.deidentify import deidentify
from deid.errors import Reason, SuspectError
from deid.headers.journal import Done
from deid.identity.identifiers import harvest
from deid.identity.pseudonym import Person, Subkeys
from deid.pixels.drawn.unseen import unseen_left
from deid.profiles.profile import load_profile
from tests.deid.pictures import described, opened, text_reader, written
from tests.pieces import put_together

NOTE = "Ronnby, Märta 19470802-2391"
WORDS = np.array([(ord(letter) - 31) * 293 for letter in NOTE] * 10, "<u2")[:256].tobytes()
SUBKEYS = Subkeys(b"u" * 32, b"a" * 32, b"d" * 32, b"t" * 32)
PICTURE = np.zeros((64, 64), np.uint8)
PARTS = ("Data", "Descriptor")
COLOURS = ("Red", "Green", "Blue", "Alpha")


def with_palettes(made: Dataset, colours: tuple[str, ...] = COLOURS) -> Dataset:
    for colour in colours:
        setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        made.add_new(f"{colour}PaletteColorLookupTableData", "OW", WORDS)
        made.add_new(f"Segmented{colour}PaletteColorLookupTableData", "OW", b"\0\0\xff\0" + WORDS)
    return made


def image(photometric: str = "MONOCHROME2", **changes: Any) -> Dataset:
    made = described(PICTURE, PhotometricInterpretation=photometric, **changes)
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    made.Modality, made.PatientID, made.PatientName = "US", "19121212-1212", "Ek^Tova"
    made.StudyInstanceUID, made.SeriesInstanceUID = "2.25.2", "2.25.3"
    made.PixelData = PICTURE.tobytes()
    made["PixelData"].VR = "OB"
    return made


def cleaned(made: Dataset) -> tuple[Dataset, Any]:
    source = written(made, ExplicitVRLittleEndian)
    reader, parsed = opened(source)
    clean = deidentify(
        reader,
        parsed,
        profile=load_profile("general"),
        person=Person("PSEUDONYM"),
        subkeys=SUBKEYS,
        identifiers=harvest(parsed),
        text_reader=text_reader(),
    )
    finished = put_together(clean.pieces, source)
    return dcmread(io.BytesIO(finished)), clean


def tables(header: Dataset) -> set[str]:
    return {it.keyword for it in header.iterall() if "Palette" in it.keyword}


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_palettes_of_a_grey_image_are_dropped(photometric: str) -> None:
    finished, clean = cleaned(with_palettes(image(photometric)))
    assert tables(finished) == set()
    gone = [it for it in clean.journal if it.path[-1] == 0x00281204]
    assert [it.done for it in gone] == [Done.REMOVED]
    assert unseen_left(with_palettes(Dataset()))
    assert not unseen_left(finished)


def test_a_palette_in_a_sequence_is_dropped() -> None:
    made = image()
    made.ReferencedImageSequence = Sequence([with_palettes(Dataset())])
    assert tables(cleaned(made)[0]) == set()


def test_the_palette_that_shows_an_image_stays_and_no_other() -> None:
    made = with_palettes(image("PALETTE COLOR"))
    made.ReferencedImageSequence = Sequence([with_palettes(Dataset())])
    kept = tables(cleaned(made)[0])
    colours = COLOURS[:3]
    assert kept == {f"{colour}PaletteColorLookupTable{it}" for colour in colours for it in PARTS}
    for colour in colours:
        del made[f"{colour}PaletteColorLookupTableData"]
        made[f"Segmented{colour}PaletteColorLookupTableData"].value = b"\0\0\0\1" + WORDS
    kept = tables(cleaned(made)[0])
    assert f"Segmented{colours[0]}PaletteColorLookupTableData" in kept


@pytest.mark.parametrize("how", ["COLOR", "MIXED"])
def test_an_image_with_colours_above_its_greys_is_suspect(how: str) -> None:
    made = with_palettes(image(PixelPresentation=how))
    with pytest.raises(SuspectError) as caught:
        cleaned(made)
    assert caught.value.reason is Reason.UNCHECKED
    assert NOTE not in str(caught.value.findings)
