"""Sequences, functional groups, private attributes, overlays, reports and presentation states."""

from struct import pack
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from deid.elements import PIXEL_DATA
from deid.errors import Reason, UnreadableError
from deid.headers.journal import Done
from deid.identity.pseudonym import uid
from deid.profiles.rules import Action
from deid.values import raw, walk
from tests.deid import documents
from tests.deid.headers import (
    PERSON,
    ROOT,
    SUBKEYS,
    cleaned,
    dataset,
    head_of,
    mammogram,
    parsed,
    tomosynthesis,
    with_options,
    written,
)

PLANE = bytes([0b10101010] * (64 * 48 // 8))


def tags_of(header: Dataset) -> set[int]:
    return {path[-1] for path, _, _ in walk(header)}


def test_nothing_private_or_unknown_is_left_at_any_depth() -> None:
    made = mammogram()
    item = made.ViewCodeSequence[0]
    item.private_block(0x0033, "MITRA", create=True).add_new(2, "LO", "Sjöström")
    item.add_new(0x00101FFE, "LO", "no tag of PS3.6")
    made.add_new(0x00101FFE, "LO", "no tag of PS3.6")
    made.add_new(0x00100012, "LO", "Åsa: in the table, unknown to pydicom")
    tags = tags_of(cleaned(made).dataset)
    assert not {tag for tag in tags if tag >> 16 & 1}
    assert not tags & {0x00101FFE, 0x00100012}


def with_private(creator: str = "HOLOGIC, Inc.") -> Dataset:
    made = mammogram()
    block = made.private_block(0x0019, creator, create=True)
    block.add_new(0x16, "DS", "12")
    block.add_new(0xEE, "LO", "Sjöström Åsa")
    nested = made.ViewCodeSequence[0].private_block(0x0019, creator, create=True)
    nested.add_new(0x16, "DS", "13")
    return made


def test_private_attributes_known_to_be_safe_stay_with_who_reserved_them() -> None:
    clean = cleaned(with_private())
    block = clean.dataset.private_block(0x0019, "HOLOGIC, Inc.")
    assert block[0x16].value == 12
    assert 0xEE not in block
    item = clean.dataset.ViewCodeSequence[0]
    assert item.private_block(0x0019, "HOLOGIC, Inc.")[0x16].value == 13
    entries = {entry.path: entry for entry in clean.journal}
    assert entries[0x00191016,].done is entries[0x00190010,].done is Done.KEPT
    assert entries[0x001910EE,].done is Done.REMOVED
    assert entries[0x00191016,].rule.clause.startswith("PS3.15 E.3.10")


def test_in_implicit_coding_the_list_says_what_a_private_attribute_is() -> None:
    clean = cleaned(written(with_private(), ImplicitVRLittleEndian))
    assert raw(clean.dataset.get_item(0x00191016)) == b"12"
    assert 0x001910EE not in clean.dataset


def test_a_private_attribute_of_unknown_vr_is_written_as_what_it_is() -> None:
    long = b"UN\0\0\x02\0\0\0"
    before = b"\x19\0\x16\x10"
    data = written(with_private()).replace(before + b"DS\2\0", before + long, 1)
    clean = cleaned(data)
    assert clean.dataset.get_item(0x00191016).VR == "DS"
    assert next(e for e in clean.journal if e.path == (0x00191016,)).done is Done.KEPT


def test_a_name_under_a_safe_number_goes_with_who_reserved_it() -> None:
    data = written(with_private()).replace(b"DS\x02\x0012", b"DS\x02\x00As")
    clean = cleaned(data).dataset
    assert 0x00191016 not in clean
    assert 0x00190010 not in clean


@pytest.mark.parametrize("creator", ["ACME", ""])
def test_who_is_not_on_the_list_keeps_nothing_private(creator: str) -> None:
    made = with_private()
    made[0x00190010].value = creator
    assert not {tag for tag in cleaned(made).dataset.keys() if tag >> 16 & 1}  # noqa: SIM118


def test_without_the_option_nothing_private_stays() -> None:
    tags = tags_of(cleaned(with_private(), profile=with_options()).dataset)
    assert not {tag for tag in tags if tag >> 16 & 1}


def test_rules_hold_in_every_sequence() -> None:
    deep = dataset(PatientID="19470802-2980", OperatorsName="Bergqvist^Stina", StudyDate="20230417")
    deep.InstitutionName = "Östra sjukhuset"
    middle = dataset(PurposeOfReferenceCodeSequence=[deep], ReferencedSOPInstanceUID=f"{ROOT}.6")
    header = cleaned(mammogram(ReferencedImageSequence=[middle])).dataset
    result = header.ReferencedImageSequence[0]
    inner = result.PurposeOfReferenceCodeSequence[0]
    assert inner.PatientID == PERSON.pseudonym
    assert inner.StudyDate == header.StudyDate
    assert "Bergqvist" not in str(inner)
    assert "stra" not in str(inner)
    assert result.ReferencedSOPInstanceUID == uid(SUBKEYS, f"{ROOT}.6")


def test_a_sequence_that_is_a_dummy_keeps_no_text() -> None:
    bare = cleaned(documents.report(), profile=with_options()).dataset
    assert {found.get("TextValue", "REMOVED") for found in bare.ContentSequence} == {"REMOVED"}
    assert bare.ContentSequence[0].ConceptNameCodeSequence[0].CodeMeaning == "REMOVED"


def test_a_sequence_of_which_nothing_is_left_goes_as_its_type_lets_it() -> None:
    clean = cleaned(mammogram())
    assert "RequestAttributesSequence" not in clean.dataset
    entry = next(entry for entry in clean.journal if entry.path == (0x00400275,))
    assert (entry.rule.action, entry.action) == (Action.CLEAN, Action.REMOVE)


def test_overlays_and_nested_pixels_go() -> None:
    made = with_plane()
    icon = dataset(Rows=8, PixelData=bytes(64))
    icon["PixelData"].VR = "OW"
    icon.add_new(0x60003000, "OW", PLANE)
    made.IconImageSequence = [icon]
    made.ReferencedImageSequence = [icon]
    tags = tags_of(cleaned(made, overlays={0x6000: None}).dataset)
    assert not {tag for tag in tags if tag >> 24 == 0x60 or tag == PIXEL_DATA}


def with_plane(group: int = 0x6000) -> Dataset:
    made = mammogram()
    for number, vr, value in (
        (0x0010, "US", 64),
        (0x0011, "US", 48),
        (0x0022, "LO", "Screening Sjöström"),
        (0x0040, "CS", "G"),
        (0x0050, "SS", [1, 1]),
        (0x0100, "US", 1),
        (0x0102, "US", 0),
        (0x1500, "LO", "Sjöström"),
        (0x3000, "OW", PLANE),
        (0x4000, "LT", "Åsa Sjöström"),
    ):
        made.add_new(group << 16 | number, vr, value)
    return made


@pytest.mark.parametrize("group", [0x6000, 0x601E, 0x60FE])
def test_a_plane_somebody_looked_at_stays_with_clean_words(group: int) -> None:
    clean = cleaned(with_plane(group), overlays={group: bytes(len(PLANE))})
    header, entries = clean.dataset, {entry.path: entry for entry in clean.journal}
    assert header[group << 16 | 0x3000].value == bytes(len(PLANE))
    assert header[group << 16 | 0x0010].value == 64
    assert header[group << 16 | 0x0022].value == "Screening"
    assert group << 16 | 0x1500 not in header
    assert group << 16 | 0x4000 not in header
    assert entries[group << 16 | 0x3000,].done is Done.CLEANED
    untouched = cleaned(with_plane(group), overlays={group: PLANE})
    data = next(e for e in untouched.journal if e.path == (group << 16 | 0x3000,))
    assert data.done is Done.KEPT


def test_a_plane_nobody_looked_at_goes_whole() -> None:
    made = with_plane()
    for number in (0x0010, 0x3000):
        made.add_new(0x60020000 | number, *("US", 64) if number == 0x0010 else ("OW", PLANE))
    header = cleaned(made, overlays={0x6002: None, 0x6000: PLANE}).dataset
    assert {tag >> 16 for tag in header.keys() if tag >> 24 == 0x60} == {0x6000}  # noqa: SIM118
    bare = cleaned(made, overlays={0x6000: PLANE}, profile=with_options()).dataset
    assert not {tag for tag in bare.keys() if tag >> 24 == 0x60}  # noqa: SIM118


def test_functional_groups_of_tomosynthesis_stay_whole() -> None:
    header = cleaned(tomosynthesis()).dataset
    assert len(header.PerFrameFunctionalGroupsSequence) == 3
    frame = header.PerFrameFunctionalGroupsSequence[2]
    content = frame.FrameContentSequence[0]
    assert content.FrameAcquisitionDateTime == f"{header.StudyDate}101114"
    assert "FrameComments" not in content or "sa" not in content.FrameComments
    assert frame.PlanePositionSequence[0].ImagePositionPatient[2] == 2
    assert len(header.DeviceSerialNumber) == 16
    assert header.DeviceSerialNumber != "SN778812"


def contents(header: Dataset) -> dict[str, Any]:
    """Content items by the code of their concept; those without by their value type."""
    found = {}
    for item in header.ContentSequence:
        name = item.get("ConceptNameCodeSequence")
        found[name[0].CodeValue if name else item.ValueType] = item
    return found


def test_a_report_keeps_what_was_found_and_loses_who() -> None:
    header = cleaned(documents.report()).dataset
    items = contents(header)
    assert items["121071"].TextValue == "Screening mammografi"
    assert items["81827009"].MeasuredValueSequence[0].NumericValue == 11
    assert items["111526"].DateTime == f"{header.StudyDate}101112"
    assert items["111060"].Date == header.StudyDate
    assert items["121049"].ConceptCodeSequence[0].CodeMeaning == "Swedish"
    image = items["IMAGE"].ReferencedSOPSequence[0]
    evidence = header.CurrentRequestedProcedureEvidenceSequence[0]
    series = evidence.ReferencedSeriesSequence[0]
    assert image.ReferencedSOPInstanceUID == uid(SUBKEYS, f"{ROOT}.3.1")
    assert series.ReferencedSOPSequence[0] == image
    assert series.SeriesInstanceUID == uid(SUBKEYS, f"{ROOT}.2")
    head = head_of(cleaned(documents.report()))
    for said in ("Wikander", "Lundberga", "Viola", "470802", ROOT):
        assert said.encode("latin-1") not in head


def test_a_cad_report_keeps_its_algorithms() -> None:
    header = cleaned(documents.cad_report()).dataset
    summary = contents(header)["111017"]
    assert summary.ConceptCodeSequence[0].CodeValue == "111242"
    assert [found.TextValue for found in summary.ContentSequence] == ["Cadx", "1.2"]


def test_no_item_goes_from_a_report_that_counts_them() -> None:
    made = documents.report()
    kept = cleaned(made)
    made.ContentSequence[-1].ReferencedContentItemIdentifier = [1, 3]
    whole = cleaned(made)
    assert len(whole.dataset.ContentSequence) == len(made.ContentSequence)
    gone = len(made.ContentSequence) - len(kept.dataset.ContentSequence)
    entry = next(entry for entry in kept.journal if entry.path == (0x0040A730,))
    assert entry.words == gone
    assert (entry.done is Done.CLEANED) is (gone > 0)


def test_key_objects_keep_their_references() -> None:
    items = contents(cleaned(documents.key_objects()).dataset)
    assert items["IMAGE"].ReferencedSOPSequence[0].ReferencedSOPInstanceUID.startswith("2.25.")
    assert "113012" not in items or "sa" not in items["113012"].TextValue


def test_a_presentation_state_keeps_its_drawing_and_loses_the_name_beside_it() -> None:
    made = documents.presentation()
    header = cleaned(made).dataset
    before, after = (source.GraphicAnnotationSequence[0] for source in (made, header))
    assert after.GraphicObjectSequence[0].GraphicData == before.GraphicObjectSequence[0].GraphicData
    assert after.TextObjectSequence[0].UnformattedTextValue == "Screening"
    assert header.ContentLabel == "MARKED"
    assert "Wikander" not in str(header)
    bare = cleaned(made, profile=with_options()).dataset.GraphicAnnotationSequence[0]
    assert bare.TextObjectSequence[0].UnformattedTextValue == "REMOVED"


def test_segments_keep_what_they_are() -> None:
    header = cleaned(documents.segments()).dataset
    segment = header.SegmentSequence[0]
    assert segment.SegmentLabel == "Screening"
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Breast"
    assert segment.TrackingUID == uid(SUBKEYS, f"{ROOT}.55")
    assert "str" not in segment.TrackingID


def test_implicit_coding_is_cleaned_alike() -> None:
    explicit = cleaned(mammogram()).dataset
    implicit = cleaned(written(mammogram(), ImplicitVRLittleEndian)).dataset
    assert [(path, raw(e)) for path, e, _ in walk(explicit)] == [
        (path, raw(e)) for path, e, _ in walk(implicit)
    ]


def test_a_thousand_frames_are_no_flood_but_empty_items_are() -> None:
    made = tomosynthesis(1000)
    assert len(cleaned(made).dataset.PerFrameFunctionalGroupsSequence) == 1000
    data = written(mammogram())
    at = data.index(pack("<HH2s", 0x0020, 0x000D, b"UI"))
    items_of_nothing = pack("<HHI", 0xFFFE, 0xE000, 0) * 60_000
    head = pack("<HH2sxxI", 0x0018, 0x0012, b"SQ", len(items_of_nothing))
    with pytest.raises(UnreadableError) as caught:
        parsed(data[:at] + head + items_of_nothing + data[at:])
    assert caught.value.reason is Reason.MALFORMED
