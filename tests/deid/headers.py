"""Mammograms small enough to read, with a Swedish woman all over their headers."""

import io
from functools import lru_cache
from typing import Any

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from deid.headers.header import CleanHeader, clean_header
from deid.identity.identifiers import harvest
from deid.identity.pseudonym import Person, Subkeys
from deid.profiles.profile import Profile, load_profile, read_profile
from deid.second_eye.verify import verify
from deid.serialise import serialise
from deid.source import Parsed, Piece, Slice, parse
from tests.pieces import put_together

MG = "1.2.840.10008.5.1.4.1.1.1.2"
DBT = "1.2.840.10008.5.1.4.1.1.13.1.3"
ROOT = "1.2.752.99999.20230417"
SUBKEYS = Subkeys(b"u" * 32, b"a" * 32, b"v" * 32, b"d" * 32)
PERSON = Person("K7Q2M4XH6T3ZB5WD")


@lru_cache(maxsize=1)
def profile() -> Profile:
    return load_profile()


@lru_cache(maxsize=32)
def with_options(*options: str, more: str = "") -> Profile:
    """General's gate, with these options alone."""
    head = f"extends = 'general'\nname = 'test'\nversion = '1'\noptions = {[*options]}\n"
    return read_profile(head + more, file="test.toml")


def dataset(**elements: Any) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def code(value: str, scheme: str, meaning: str) -> Dataset:
    return dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def mammogram(**changes: Any) -> Dataset:
    """A Digital Mammography X-Ray Image, For Presentation, 64 by 48 (PS3.3 §A.26)."""
    made = dataset(
        SpecificCharacterSet="ISO_IR 100",
        ImageType=["ORIGINAL", "PRIMARY"],
        InstanceCreationDate="20230417",
        SOPClassUID=MG,
        SOPInstanceUID=f"{ROOT}.3.1",
        StudyDate="20230417",
        SeriesDate="20230417",
        AcquisitionDate="20230417",
        ContentDate="20230417",
        AcquisitionDateTime="20230417101112.000000+0200",
        StudyTime="101112",
        ContentTime="101120",
        AccessionNumber="SE2300012345",
        Modality="MG",
        PresentationIntentType="FOR PRESENTATION",
        Manufacturer="HOLOGIC, Inc.",
        InstitutionName="Östra sjukhuset Lundberga",
        InstitutionAddress="Sjukvägen 1",
        ReferringPhysicianName="Ljungkvist^Örjan",
        TimezoneOffsetFromUTC="+0200",
        StationName="LBGMG01",
        StudyDescription="Screening Sjöström Åsa",
        SeriesDescription="L CC",
        InstitutionalDepartmentName="Mammografi",
        PerformingPhysicianName="Wikander^Tove",
        OperatorsName="Bergqvist^Stina",
        ManufacturerModelName="Selenia Dimensions",
        PatientName="Sjöström^Åsa Viola",
        PatientID="19470802-2980",
        IssuerOfPatientID="SE-PNR",
        PatientBirthDate="19470802",
        PatientSex="F",
        OtherPatientIDs=["470802-2980", "LBG0099887"],
        PatientAge="075Y",
        PatientWeight="61",
        PatientComments="Ring dotter Åsa, 070-1234567",
        BodyPartExamined="BREAST",
        KVP="29",
        DeviceSerialNumber="SN778812",
        SoftwareVersions="1.9.1",
        ProtocolName="Screening",
        DateOfLastDetectorCalibration="20230402",
        TimeOfLastDetectorCalibration="060000",
        DetectorID="DET5511",
        DetectorType="DIRECT",
        PositionerType="MAMMOGRAPHIC",
        StudyInstanceUID=f"{ROOT}.1",
        SeriesInstanceUID=f"{ROOT}.2",
        StudyID="S77001",
        SeriesNumber="1",
        InstanceNumber="1",
        PatientOrientation=["A", "R"],
        ImageLaterality="L",
        ImagesInAcquisition="1",
        FrameOfReferenceUID=f"{ROOT}.4",
        PositionReferenceIndicator="",
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=64,
        Columns=48,
        BitsAllocated=16,
        BitsStored=12,
        HighBit=11,
        PixelRepresentation=0,
        ImagerPixelSpacing=["0.07", "0.07"],
        PixelSpacing=["0.07", "0.07"],
        BurnedInAnnotation="NO",
        PixelIntensityRelationship="LOG",
        PixelIntensityRelationshipSign=-1,
        RescaleIntercept="0",
        RescaleSlope="1",
        RescaleType="US",
        PresentationLUTShape="IDENTITY",
        LossyImageCompression="00",
        WindowCenter="2048",
        WindowWidth="4096",
        OrganExposed="BREAST",
        ViewCodeSequence=[code("399162004", "SCT", "cranio-caudal")],
        AnatomicRegionSequence=[code("76752008", "SCT", "Breast")],
        AcquisitionContextSequence=[],
        PixelData=bytes(64 * 48 * 2),
    )
    made.ViewCodeSequence[0].ViewModifierCodeSequence = []
    made.RequestAttributesSequence = [
        dataset(RequestedProcedureID="RP5567123", ScheduledProcedureStepID="SPS001")
    ]
    made.ReferencedPerformedProcedureStepSequence = [
        dataset(
            ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.3",
            ReferencedSOPInstanceUID=f"{ROOT}.9.1",
        )
    ]
    made.SourceImageSequence = [
        dataset(ReferencedSOPClassUID=f"{MG}.1", ReferencedSOPInstanceUID=f"{ROOT}.3.2")
    ]
    private = made.private_block(0x0009, "SECTRA_Ident_01", create=True)
    private.add_new(0x01, "LO", "Sjöström Åsa 194708022980")
    for keyword, value in changes.items():
        setattr(made, keyword, value)
    return made


def second(count: int) -> str:
    """The time so many seconds after 10:11 on the day of the examination."""
    return f"2023041710{11 + count // 60}{count % 60:02d}"


def tomosynthesis(frames: int = 3) -> Dataset:
    """A Breast Tomosynthesis Image in outline, with functional groups (PS3.3 §A.55)."""
    made = mammogram(SOPClassUID=DBT, NumberOfFrames=str(frames))
    made.PixelData = bytes(64 * 48 * 2 * frames)
    made.ContentQualification = "PRODUCT"
    made.AcquisitionDateTime = "20230417101112"
    made.SharedFunctionalGroupsSequence = [
        dataset(
            PixelMeasuresSequence=[dataset(PixelSpacing=["0.1", "0.1"], SliceThickness="1")],
            FrameAnatomySequence=[
                dataset(
                    FrameLaterality="L",
                    AnatomicRegionSequence=[code("76752008", "SCT", "Breast")],
                )
            ],
        )
    ]
    made.PerFrameFunctionalGroupsSequence = [
        dataset(
            FrameContentSequence=[
                dataset(
                    FrameAcquisitionDateTime=second(12 + index),
                    FrameReferenceDateTime=second(12 + index),
                    FrameComments="Åsa Sjöström rörde sig",
                    DimensionIndexValues=[1, index + 1],
                )
            ],
            PlanePositionSequence=[dataset(ImagePositionPatient=["0", "0", str(index)])],
        )
        for index in range(frames)
    ]
    return made


def written(made: Dataset, syntax: str = ExplicitVRLittleEndian, **meta: Any) -> bytes:
    """A Part 10 file of it, with the traces a PACS leaves in file meta and preamble."""
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = UID(syntax)
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.SourceApplicationEntityTitle = "LBGPACS"
    for keyword, value in meta.items():
        setattr(made.file_meta, keyword, value)
    buffer = io.BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return b"SJOSTROM ASA".ljust(128, b"\0") + buffer.getvalue()[128:]


def parsed(source: Dataset | bytes) -> Parsed:
    data = source if isinstance(source, bytes) else written(source)
    return parse(io.BytesIO(data))


def cleaned(source: Dataset | bytes | Parsed, **changes: Any) -> CleanHeader:
    original = source if isinstance(source, Parsed) else parsed(source)
    known = {"profile": profile(), "person": PERSON, "identifiers": harvest(original)}
    return clean_header(original, subkeys=SUBKEYS, **{**known, **changes})


def head_of(clean: CleanHeader) -> bytes:
    """The header as it would be written."""
    (head, *_), _ = serialise(clean, ())
    assert isinstance(head, bytes)
    return head


def joined(pieces: tuple[Piece, ...], source: bytes) -> bytes:
    return put_together(pieces, source)


def finished(source: Dataset | bytes, **changes: Any) -> bytes:
    """The whole clean object, pixels spliced through."""
    data = source if isinstance(source, bytes) else written(source)
    pixels = parsed(data).pixels
    untouched = [Slice(pixels.start, pixels.end - pixels.start)] if pixels else []
    pieces, _ = serialise(cleaned(data, **changes), untouched)
    return joined(pieces, data)


def found(source: Dataset | bytes, result: bytes) -> dict[str, set[str]]:
    """What the second eye finds in a result, by kind."""
    findings = verify(
        io.BytesIO(result),
        identifiers=harvest(parsed(source)),
        profile=profile(),
        person=PERSON,
    )
    kinds: dict[str, set[str]] = {}
    for finding in findings:
        kinds.setdefault(finding.what, set()).add(finding.where)
    return kinds
