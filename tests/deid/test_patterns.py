import pytest

from deid.language.pattern_rules import check_digit
from deid.language.patterns import find, identifies

# Invented; personnummer have birth numbers from 980 (Skatteverket's test numbers)
SURE = [
    *("19470802-9808", "194708029808", "470802-9808", "4708029808", "470802+9808", "470802 9808"),
    *(
        "470802\u20139808",
        "470802\u22129808",
        "1947-08-02-9808",
        "1947.08.02 9808",
        "470802 - 9808",
    ),
    *("470862-9805", "19470862-9805"),
    *("991981000010", "19810829M071", "19450829-K088", "19810829SU3A", "198108320014"),
    *("22810829AB1C", "TF12345678", "TF 123456"),
    *("anna.svensson@example.se", "a@b", "https://pacs.example.se/x?id=1", "www.example.se"),
    *("rtg01.lio.se", "C:\\Users\\annsve\\x.dcm", "\\\\srv\\share\\x", "/home/kalind/x.dcm"),
    *("sesa\\annand", "SE2321000016-1A2B", "SE2321000040", "232100-0016"),
    *("550e8400-e29b-41d4-a716-446655440000", "1.2.752.24.5.3.20240305.112233.4"),
    *(
        "2.25.329800735698586629295641978511506172918",
        "192.168.10.24",
        "10.12.34.56",
        "fe80::1ff:fe23",
    ),
    *("+46 70 123 45 67", "+46(0)13-222001", "070-123 45 67", "013-22 20 00", "0701234567"),
    *("2024-03-05", "20240305", "2024/03/05", "5/3 2024", "05.03.2024", "5 mars 2024", "5mar24"),
    *("March 5, 2024", "12 feb 2023", "5th of January 2024", "2024-03-05T10:42:13"),
    *(
        "99887766",
        "aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q=",
        "SE-581 85",
        "Storgatan 12",
        "Lövstigen 7 B",
    ),
]
OTHER = [
    *("2024-03", "24-03-05", "47 02 08", "5/3-24", "5.3.24", "03/05/24", "den 5 mars", "5 mars"),
    *("maj 2019", "mars -19", "hösten 2023", "v 12 2024", "24/12", "10:30", "kl 10.30", "kl. 8:15"),
    *("född 1947", "f. 1947", "DOB 47", "97 år", "103-årig", "tel 22 20 00", "ankn 4512"),
    *("portkod 4711", "remissnr MR-1234", "id A12345", "Box 1234", "Lgh 1102", "reg.nr ABC 123"),
    *("582 18 Linköping", "Villagatan 3", "12345", "1234 5678", "070 123 45 67", "0141 22 45 18"),
]
SIGNS = [
    *("sign AB", "Sign: ML", "Sign: us", "dikt KL", "Signerat av CC", "text /AB", "av AS", "B.H."),
    *("User RTG", "by RTG12", "c/o Ek"),
]
PLAIN = [
    *(
        "R MLO",
        "BI-RADS 4b",
        "kl 10, 2 cm från mamillen",
        "4 bilder",
        "6 mån",
        "12,4 mm",
        "18 x 12 mm",
    ),
    *(
        "8x6x7",
        "Bild 1/4",
        "2/3",
        "1-2",
        "28 kV 80 mAs",
        "pT1c N1 M0",
        "C50.4",
        "50 år",
        "1.35 mGy",
    ),
    *("1.5 2.5 3.5 4.0", "Gravid vecka 20", "3D", "2-plan", "+15 -15", "2019", "mars", "väl i maj"),
    *(
        "enligt BI-RADS",
        "av MR",
        "mjölkgången 3",
        "Gallvägen 12 mm",
        "BRÖST U.A.",
        "bild nr 112",
        "W/Rh",
    ),
]
MACHINES = [
    *("AWS:1.8.3.63 PXCM:1.4.0.7", "V2.1.0_B1234", "2.1.5.0", "ADS_54.11.10", "VB10A", "1.11.1.4"),
    *("3Dimensions", "MAMMOMAT Revelation", "Senographe Pristina", "FDR-3000AWS", "VC20A HF4"),
]


@pytest.mark.parametrize("text", SURE)
def test_what_identifies_by_its_form_is_found_anywhere(text: str) -> None:
    assert identifies(text)
    assert identifies(f"mammografi {text}, hö")


@pytest.mark.parametrize("text", [*SURE, *OTHER, *SIGNS])
def test_what_may_identify_is_found_in_free_text(text: str) -> None:
    assert list(find(text))


@pytest.mark.parametrize("text", [*PLAIN, *MACHINES])
def test_measures_classes_and_versions_identify_nobody(text: str) -> None:
    assert not identifies(text)


@pytest.mark.parametrize("text", PLAIN)
def test_measures_and_classes_are_not_found_in_free_text(text: str) -> None:
    assert not list(find(text))


@pytest.mark.parametrize("text", ["470802 9809", "471302 9808", "470899 9808"])
def test_a_wrong_number_is_no_personal_number_but_a_long_one(text: str) -> None:
    assert "personal identity number" not in {span.what for span in find(text)}
    assert "long number" in {span.what for span in find(text)}


def test_a_stretch_is_where_it_stands() -> None:
    text = "klipp 470802\u20139808 vä"
    assert {text[span.start : span.end] for span in find(text)} == {"470802\u20139808"}


def test_check_digits() -> None:
    assert check_digit("4708029808")
    assert not any(check_digit(f"470802980{last}") for last in (0, 1, 2, 3, 4, 5, 6, 7, 9))
