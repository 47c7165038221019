"""What a profile's options let stay is no finding, and is one without them."""

import io
from struct import pack

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from deid.errors import SuspectError
from deid.headers.made import made as element
from deid.profiles.profile import Profile
from deid.second_eye.verify import verify
from tests.deid.headers import (
    ROOT,
    cleaned,
    finished,
    head_of,
    mammogram,
    parsed,
    profile,
    with_options,
    written,
)
from tests.deid.plantings import Kinds, found_in, planted_in

SOURCE = written(mammogram())
NONE = with_options()


def planted(chosen: Profile, *elements: tuple[int, str, str | bytes], **meta: str) -> Kinds:
    data = written(mammogram(), **meta) if meta else SOURCE
    return found_in(data, planted_in(data, *elements, profile=chosen), chosen)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("retain_uids",),
        ("retain_device_identity",),
        ("retain_institution_identity",),
        ("retain_longitudinal_full_dates",),
        ("retain_longitudinal_modified_dates",),
        ("retain_safe_private", "clean_descriptors", "clean_graphics"),
        ("retain_uids", "retain_device_identity", "retain_longitudinal_full_dates"),
    ],
)
def test_a_clean_object_is_clean_by_any_options(options: tuple[str, ...]) -> None:
    chosen = with_options(*options)
    assert found_in(SOURCE, finished(SOURCE, profile=chosen), chosen) == {}


@pytest.mark.parametrize(
    ("option", "element", "what"),
    [
        ("retain_uids", (0x0020000D, "UI", f"{ROOT}.1"), "original UID"),
        ("retain_uids", (0x00181002, "UI", "1.2.3.4.5"), "unknown UID"),
        ("retain_device_identity", (0x00081010, "SH", "LBGMG01"), "device"),
        (
            "retain_institution_identity",
            (0x00080080, "LO", "Östra sjukhuset Lundberga".encode("latin-1")),
            "institution",
        ),
        ("retain_longitudinal_full_dates", (0x00080020, "DA", "20230417"), "original date"),
        ("retain_longitudinal_full_dates", (0x00200013, "IS", "20230417"), "study date"),
        ("clean_graphics", (0x60000010, "US", b"\1\0"), "overlay or curve"),
    ],
)
def test_an_option_decides_what_may_stay(
    option: str, element: tuple[int, str, str | bytes], what: str
) -> None:
    assert what in planted(NONE, element)
    assert what not in planted(with_options(option), element)


def test_a_retained_uid_may_tell_a_date_but_no_identifier() -> None:
    chosen = with_options("retain_uids")
    assert planted(chosen, (0x00181002, "UI", "1.2.752.1.20230417.2")) == {}
    told = planted(chosen, (0x00181002, "UI", "1.2.752.1.194708022980.2"))
    assert told == {"identifier": {"(0018,1002)"}}


def test_a_retained_uid_is_still_one() -> None:
    told = planted(with_options("retain_uids"), (0x00181002, "UI", "1.2.x SJOSTROM"))
    assert {"name", "unknown UID"} <= told.keys()
    assert "unknown UID" in planted(with_options("retain_uids"), (0x00181002, "UI", "1.02.3"))


def test_an_overlay_in_an_item_was_never_looked_at() -> None:
    clean = cleaned(SOURCE)
    item = clean.dataset[0x00082112].value[0]
    item[0x60000010] = element(0x60000010, "US", b"\1\0")
    told = found_in(SOURCE, head_of(clean) + SOURCE[parsed(SOURCE).pixels.start :])  # type: ignore[union-attr]
    assert told == {"overlay or curve": {"(0008,2112)[0](6000,0010)"}}


def test_curves_never_stay() -> None:
    assert "overlay or curve" in planted(profile(), (0x50000005, "US", b"\1\0"))


CREATOR = (0x00190010, "LO", "HOLOGIC, Inc.")


@pytest.mark.parametrize(
    ("elements", "places"),
    [
        ([CREATOR, (0x00191016, "DS", "1")], set()),
        ([CREATOR, (0x00191016, "LO", "1")], {"(0019,1016)"}),
        ([CREATOR, (0x00191016, "OB", "1")], {"(0019,1016)"}),
        ([CREATOR, (0x001910FE, "DS", "1")], {"(0019,10FE)"}),
        ([(0x00190010, "LO", "NOBODY"), (0x00191016, "DS", "1")], {"(0019,1016)"}),
        ([(0x00191016, "DS", "1")], {"(0019,1016)"}),
        ([CREATOR], {"(0019,0010)"}),
        ([(0x00190010, "SH", "HOLOGIC, Inc."), (0x00191016, "DS", "1")], {"(0019,0010)"}),
        ([(0x00190001, "DS", "1")], {"(0019,0001)"}),
    ],
)
def test_private_elements_are_on_the_list_with_its_kind(
    elements: list[tuple[int, str, str]], places: set[str]
) -> None:
    assert planted(profile(), *elements).get("private element", set()) == places
    assert planted(with_options("clean_graphics"), *elements)["private element"]


def test_a_private_element_of_unknown_kind_never_stays() -> None:
    known = planted_in(SOURCE, CREATOR, (0x00191016, "DS", "1"))
    head = pack("<HH", 0x0019, 0x1016)
    unknown = known.replace(head + b"DS\2\0", head + b"UN\0\0\2\0\0\0")
    assert found_in(SOURCE, known) == {}
    assert found_in(SOURCE, unknown) == {"private element": {"(0019,1016)"}}


def test_a_private_sequence_never_stays() -> None:
    listed = profile().safe_private
    assert listed is not None
    for creator, group, number in [*listed.places][:200]:
        assert listed.rule(creator, group << 16 | 0x1000 | number, "SQ") is None
    hidden = pack("<HHI", 0xFFFE, 0xE000, 0)
    assert "private element" in planted(profile(), CREATOR, (0x00191016, "SQ", hidden))


def test_private_elements_are_known_where_the_file_does_not_say_their_kind() -> None:
    source = mammogram()
    block = source.private_block(0x0019, "HOLOGIC, Inc.", create=True)
    block.add_new(0x16, "DS", "7.5")
    for syntax in ("", ImplicitVRLittleEndian):
        data = written(source, syntax) if syntax else written(source)
        result = finished(data)
        assert 0x00191016 in parsed(result).header
        assert found_in(data, result) == {}


def test_an_object_claims_what_was_done_to_it_and_no_more() -> None:
    result = finished(SOURCE)
    codes = profile().codes
    assert found_in(SOURCE, result, applied=codes) == {}
    assert found_in(SOURCE, result, applied=[code for code, _ in codes]) == {}
    pixels = ("113101", "Clean Pixel Data Option")
    told = found_in(SOURCE, result, applied=tuple(sorted([*codes, pixels])))
    assert told == {"statement": {"(0012,0064)"}}
    looked_at = finished(SOURCE, pixels_looked_at=True)
    assert found_in(SOURCE, looked_at) == {"statement": {"(0012,0064)"}}
    assert found_in(SOURCE, looked_at, applied=tuple(sorted([*codes, pixels]))) == {}


def test_a_profile_that_moves_no_dates_says_so() -> None:
    full = with_options("retain_longitudinal_full_dates")
    result = planted_in(SOURCE, (0x00280303, "CS", "MODIFIED"), profile=full)
    assert found_in(SOURCE, result, full) == {"statement": {"(0028,0303)"}}


def test_a_check_that_fails_is_no_clean_object() -> None:
    with pytest.raises(SuspectError):
        verify(io.BytesIO(finished(SOURCE)), identifiers=None, profile=profile())  # type: ignore[arg-type]
