"""What machines say of themselves: nobody is named in it, in whatever disguise."""

import pytest

from deid.language.cleaning import TextCleaner
from deid.language.lexicon import load_lexicon
from tests.deid.identified import identified


@pytest.fixture(scope="module")
def cleaner() -> TextCleaner:
    return TextCleaner(load_lexicon(), identified())


@pytest.fixture(scope="module")
def hers() -> TextCleaner:
    words = ("sjostrom", "asa", "von", "angso", "kerstin", "oberg", "lind")
    return TextCleaner(load_lexicon(), identified(*words, numbers=("4711", "19470802980800000042")))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Anna/Andersson",
            "Anna M Andersson",
            "Anna (Andersson)",
            "AnnaAndersson",
            "dr Lindqvist",
        ),
        *("dr Xyzal", "Dr. Xyzal", "Xiaoming Wang", "pnr 140312", "TF12345", "0701 234", "97 ar"),
        *("490628-TF43", "Karin", "Selenia Karin", "KARIN2", "prof^Qwzx", "age 97", "a " * 1000),
    ],
)
def test_whoever_is_named_it_is_not_harmless(cleaner: TextCleaner, text: str) -> None:
    assert not cleaner.harmless(text)


@pytest.mark.parametrize(
    "text",
    [
        *("SJOSTROMASA", "VONANGSOKERSTIN", "xÅsa", "ÅSAX", "LINDASA", "SJO STROM", "S J O STROM"),
        *(
            "S J O S T R O M",
            "Sj\u00c3\u00b6str\u00c3\u00b6m",
            "Sj\x94str\x94m",
            "Sj?str?m",
            "SJ\\STR\\M",
        ),
        *(
            "Sj\ufffdstr\ufffdm",
            "Sj|str|m",
            "\u00c3\u2013berg",
            "OBERGS",
            "x4711",
            "1947080298080000",
        ),
    ],
)
def test_hers_is_found_glued_in_pieces_and_misread(hers: TextCleaner, text: str) -> None:
    assert not hers.harmless(text)


@pytest.mark.parametrize(
    "text",
    [
        *("HOLOGIC, Inc.", "Lorad, A Hologic Company", "Selenia Dimensions", "3Dimensions"),
        *(
            "GE MEDICAL SYSTEMS",
            "Senographe Pristina",
            "GE Healthcare",
            "SIEMENS",
            "Siemens Healthineers",
        ),
        *("MAMMOMAT Revelation", "Mammomat Inspiration", "Philips Medical Systems", "MicroDose SI"),
        *("FUJIFILM Corporation", "AMULET Innovality", "FDR-3000AWS", "KODAK", "CARESTREAM HEALTH"),
        *("Agfa", "DR 100e", "Planmed Oy", "Planmed Clarity 3D", "IMS s.r.l.", "GIOTTO CLASS"),
        *(
            "Fischer Imaging Corporation",
            "SenoScan",
            "Bennett X-Ray",
            "Metaltronica",
            "Sectra Imtec AB",
        ),
        *(
            "Internazionale Medico Scientifica",
            "KONICA MINOLTA",
            "iCAD, Inc.",
            "R2 Technology, Inc.",
        ),
        *(
            "ScreenPoint Medical",
            "Transpara",
            "Lunit INSIGHT MMG",
            "Volpara Solutions",
            "Sophie Classic",
        ),
        *(
            "AWS:1.8.3.63 PXCM:1.4.0.7",
            "V2.1.0_B1234",
            "ADS_54.11.10",
            "VB10A",
            "2023-04",
            "VC20A HF4",
        ),
        *(
            "iCRco",
            "Perkin Elmer",
            "Röntgen",
            "LMAM2",
            "BI-RADS",
            "Cooper's ligament",
            "Nottingham",
        ),
        *("ROOM 2 DETECTOR", "Selenia®", "Amplitude at 80 ms into ST segment"),
    ],
)
def test_makers_models_versions_and_terms_are_harmless(
    cleaner: TextCleaner, hers: TextCleaner, text: str
) -> None:
    assert cleaner.harmless(text)
    assert hers.harmless(text)
