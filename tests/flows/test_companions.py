"""Two mammograms, and all that comes along with them, from the hospital's folder to a download."""

import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta

import pydicom
import pytest
from pydicom.dataset import Dataset
from starlette.testclient import TestClient

from access_api.app import create_app
from access_api.settings import DoorSettings
from catalog import releases
from catalog.publishing.study_rows import clean_key
from catalog.search import Query, search
from catalog.vocabulary import Kind, Tier
from flows.release import permits
from flows.release.build import build
from tests import companions, objects
from tests.access_api.issuer import AUDIENCE, ISSUER, Issuer
from tests.flows.conftest import TODAY
from tests.flows.making import counts, put
from tests.objects import mammogram, part10

WHO = "researcher-1"
DERIVED = 2 * 2  # a mask and a report of each image
SECRETS = (*objects.secrets_of(mammogram()), "Provstr", "SN7788990")


@pytest.fixture
def originals() -> list[Dataset]:
    views = ("lcc", "rcc")
    images = [
        mammogram(view=view, SOPInstanceUID=f"{objects.INSTANCE}.{n}")
        for n, view in enumerate(views)
    ]
    return [*images, *companions.every(images)]


@pytest.fixture
def clean(region, ingest, export_folder, originals) -> list[Dataset]:
    """What is stored of each original, in their order."""
    put(export_folder, *map(part10, originals))
    assert counts(ingest()) == {"ADMITTED": len(originals)}
    stored = []
    for original in originals:
        (trace,) = region.ledger.by_instance(original.SOPInstanceUID)
        key = clean_key(region.publisher._engine, trace.clean_sop_uid)
        stored.append(b"".join(region.clean.get(key)))
    return [pydicom.dcmread(io.BytesIO(one)) for one in stored]


@pytest.fixture
def permit(hub, clean) -> str:
    return permits.issue(
        hub,
        persons=[WHO],
        title="t",
        purpose="p",
        tier=Tier.ANON_DOWNLOAD,
        valid=(TODAY, TODAY + timedelta(days=1)),
    )


@pytest.fixture
def door(hub, s3, tmp_path) -> Iterator[TestClient]:
    issuer, who = Issuer(tmp_path / "jwks.json"), s3.credentials["door"]
    settings = DoorSettings(
        environment="production",
        catalogue_url=str(hub.catalogue.url),
        s3_endpoint=s3.endpoint,
        s3_secure=False,
        s3_access_key=who.access_key,
        s3_secret_key=who.secret_key,
        clean_bucket="clean",
        releases_bucket="releases",
        jwks_file=issuer.path,
        issuer=ISSUER,
        audience=AUDIENCE,
    )
    with TestClient(create_app(settings), base_url="http://door.test") as client:
        client.headers["Authorization"] = f"Bearer {issuer.token(WHO)}"
        yield client


def shown(ds: Dataset) -> str:
    """Every byte of an object but its pixels; as text, `str` would leave long values out."""
    copy = ds.copy()
    copy.pop("PixelData", None)
    return part10(copy).decode("latin-1")


def assert_resolved(originals: list[Dataset], found: list[Dataset]) -> None:
    """Each reference leads to the object that stands where the original one stood."""
    renamed = {}
    for before, after in zip(originals, found, strict=True):
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
            renamed[str(before[keyword].value)] = str(after[keyword].value)
    referring = 0
    for before, after in zip(originals, found, strict=True):
        expected = {renamed[uid] for uid in companions.references(before)}
        assert companions.references(after) == expected
        referring += bool(expected)
    assert referring == len(originals) - 2
    assert not set(renamed) & set(renamed.values())


def test_references_resolve_after_cleaning_and_nothing_names_her(originals, clean):
    assert_resolved(originals, clean)
    for ds in clean:
        assert ds.PatientID == clean[0].PatientID
        assert not [secret for secret in SECRETS if secret in shown(ds)]


def test_what_is_harmless_stays(clean):
    cad, report, key, presentation, segmentation = clean[2:]
    assert report.ContentSequence[1].TextValue == "Screening mammografi."
    (library, findings) = cad.ContentSequence
    finding = findings.ContentSequence[0]
    assert finding.ConceptCodeSequence[0].CodeMeaning == "Mass"
    assert list(finding.ContentSequence[0].GraphicData) == [75.0, 110.0]
    assert len(library.ContentSequence) == len(key.ContentSequence) == 2
    assert presentation.DisplayedAreaSelectionSequence[0].PresentationSizeMode == "SCALE TO FIT"
    assert segmentation.pixel_array.sum() == 2 * 20 * 30


def test_they_are_catalogued_and_images_are_counted_apart(region, clean):
    engine = region.publisher._engine
    (study,) = search(engine, Query()).studies
    assert (study.images, study.instances) == (2, 7 + DERIVED)
    assert study.kinds == ("CAD_SR", "FFDM", "KO", "PR", "SEG", "SR")
    assert (study.views, study.vendors) == (("CC",), ("HOLOGIC",))
    (found,) = search(engine, Query(kind=Kind.CAD_SR)).studies
    assert (found.images, found.instances, found.vendors) == (0, 1, ("ICAD",))
    (alone,) = search(engine, Query(companions=False)).studies
    assert (alone.images, alone.instances) == (2, 2)


def test_running_twice_knows_them_all(ingest, clean, originals, export_folder):
    assert counts(ingest()) == {"KNOWN": 7}
    changed = companions.report(originals[:2])
    changed.ContentSequence[1].TextValue = "Mammografi."
    put(export_folder, part10(changed), start=4)
    assert counts(ingest()) == {"KNOWN": 6, "REVISED": 1}


def assert_derived(derived: list[Dataset], image_of: dict[str, str], images: list[Dataset]) -> None:
    """What was made of each image refers to it, and to it alone, by the release's own UIDs."""
    of = {str(image.SOPInstanceUID): image for image in images}
    made = sorted((ds.Modality, image_of[ds.SOPInstanceUID]) for ds in derived)
    assert made == sorted((kind, uid) for kind in ("SEG", "SR") for uid in of)
    for ds in derived:
        image = of[image_of[ds.SOPInstanceUID]]
        assert (ds.StudyInstanceUID, ds.PatientID) == (image.StudyInstanceUID, image.PatientID)
        assert ds.StudyDate == image.StudyDate
        referred = companions.references(ds) - {ds.SOPInstanceUID}
        masks = {str(one.SOPInstanceUID) for one in derived if one.Modality == "SEG"}
        assert image.SOPInstanceUID in referred
        assert not referred & (set(of) - {str(image.SOPInstanceUID)})
        assert referred <= {
            *of,
            *masks,
            *(str(one.SeriesInstanceUID) for one in (*images, *derived)),
        }


def by_class(found: list[Dataset]) -> list[Dataset]:
    """Sort as the originals are: images first, by side, then what came along."""
    order = ["1.2.840.10008.5.1.4.1.1.1.2", "1.2.840.10008.5.1.4.1.1.88.50"]
    order += ["1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.88.59"]
    order += ["1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.66.4"]
    return sorted(
        found, key=lambda ds: (order.index(ds.SOPClassUID), ds.get("ImageLaterality", ""))
    )


def test_a_downloaded_release_holds_them_with_references_that_resolve(
    hub,
    door,
    permit,
    originals,
    clean,
):
    assert build(hub, permit, Query(), today=TODAY).instances == 7 + DERIVED
    (study,) = door.get(f"/releases/{permit}/studies").json()["studies"]
    assert study["instances"] == 7 + DERIVED
    assert sorted(study["modalities"]) == ["KO", "MG", "PR", "SEG", "SR"]
    answer = door.get(f"/releases/{permit}/studies/{study['study_uid']}/archive")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    every = [pydicom.dcmread(io.BytesIO(data)) for data in files.values()]
    listed = door.get(f"/releases/{permit}/studies/{study['study_uid']}").json()["instances"]
    image_of = {one["sop_uid"]: one["derived_from"] for one in listed if one["derived"]}
    found = by_class([ds for ds in every if ds.SOPInstanceUID not in image_of])
    assert_resolved(originals, found)
    assert_derived([ds for ds in every if ds.SOPInstanceUID in image_of], image_of, found[:2])
    inside = {str(ds.SOPInstanceUID) for ds in clean} | {str(clean[0].PatientID)}
    for ds in every:
        assert not [secret for secret in SECRETS if secret in shown(ds)]
        assert not [uid for uid in inside if uid in shown(ds)]


def test_an_object_without_pixels_is_served_whole_and_by_ranges(hub, door, permit):
    build(hub, permit, Query(kind=Kind.CAD_SR), today=TODAY)
    (one,) = releases.manifest(hub.catalogue, permit, who=WHO, today=TODAY)
    assert (one.pixel_size, one.size) == (0, one.header_size)
    path = f"/releases/{permit}/instances/{one.sop_uid}"
    whole = door.get(path).content
    assert len(whole) == one.size
    middle, last = one.size // 2, one.size - 1
    wanted = {f"bytes=0-{middle}": whole[: middle + 1], f"bytes={middle + 1}-": whole[middle + 1 :]}
    wanted[f"bytes={last}-{last}"] = whole[last:]
    for asked, expected in wanted.items():
        answer = door.get(path, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (206, expected)
    assert door.get(path, headers={"Range": f"bytes={one.size}-"}).status_code == 416
