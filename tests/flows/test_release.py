import dataclasses
import hashlib
import io
import secrets
import zlib
from collections import Counter
from datetime import datetime, timedelta

import pydicom
import pytest

from catalog import holds, releases
from catalog.errors import NotFoundError, PermitError, StorageError
from catalog.holds import HoldTarget
from catalog.permits import revoke
from catalog.records import Merge
from catalog.search import Query
from catalog.vocabulary import HoldKind, HoldScope, Tier, View
from deid.identity.pseudonym import canonical, weeks
from flows.release import permits
from flows.release.build import ReleaseError, build
from tests import objects
from tests.flows.conftest import DECISION, TODAY, on_both
from tests.flows.making import counts, four_views, put, registered, walked
from tests.objects import mammogram, part10

WHO = "researcher-1"
IMAGES = Query(companions=False)


@pytest.fixture
def stocked(region, deidentify_with, export_folder):
    put(export_folder, *four_views())
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    return region


@pytest.fixture
def permit(hub):
    def issue() -> str:
        return permits.issue(
            hub,
            persons=[WHO],
            title="t",
            purpose="p",
            tier=Tier.ANON_DOWNLOAD,
            valid=(TODAY, TODAY + timedelta(days=1)),
        )

    return issue


def served(hub, permit_id: str) -> dict[str, pydicom.Dataset]:
    """Join header and pixels as the door does, and check the digests."""
    found = {}
    for one in releases.manifest(hub.catalogue, permit_id, who=WHO, today=TODAY):
        header = b"".join(hub.releases.get(one.header_key))
        pixels = b""
        if one.pixel_size:  # of what has none, a store would refuse the range
            pixels = b"".join(hub.clean.get(one.clean_key, one.pixel_offset))
        whole = header + pixels
        assert (len(header), len(whole)) == (one.header_size, one.size)
        assert hashlib.sha256(whole).hexdigest() == one.sha256
        assert zlib.crc32(whole) == one.crc32
        found[one.sop_uid] = pydicom.dcmread(io.BytesIO(whole))
    return found


@on_both
def test_a_release_joins_into_whole_objects_that_name_nobody(stocked, hub, permit):
    one = permit()
    made = build(hub, one, Query(), today=TODAY)
    assert made.instances == 12
    objects_of = served(hub, one)
    assert Counter(ds.Modality for ds in objects_of.values()) == {"MG": 4, "SEG": 4, "SR": 4}
    for sop_uid, ds in objects_of.items():
        assert ds.SOPInstanceUID == sop_uid
        if ds.Modality == "MG":
            assert ds.pixel_array.shape == (ds.Rows, ds.Columns)
        shown = str(ds)
        assert not [secret for secret in objects.secrets_of(objects.mammogram()) if secret in shown]


def test_two_permits_share_no_uid_and_no_pseudonym(stocked, hub, permit):
    seen = []
    for permit_id in (permit(), permit()):
        build(hub, permit_id, Query(), today=TODAY)
        found = served(hub, permit_id).values()
        seen.append(
            {
                str(ds[tag].value)
                for ds in found
                for tag in ("StudyInstanceUID", "SeriesInstanceUID")
            }
            | {ds.SOPInstanceUID for ds in found}
            | {str(ds.PatientID) for ds in found}
            | {str(ds.AccessionNumber) for ds in found}
        )
    assert seen[0].isdisjoint(seen[1])
    keys = " ".join(stocked.clean.keys())
    assert not [value for value in seen[0] | seen[1] if value in keys]


def test_a_release_holds_what_the_search_finds(stocked, hub, permit):
    one = permit()
    assert build(hub, one, Query(view=View.MLO), today=TODAY).instances == 2
    assert {ds.ViewPosition for ds in served(hub, one).values()} == {"MLO"}


def test_a_revoked_permit_releases_nothing(stocked, hub, permit):
    one = permit()
    revoke(hub.catalogue, one, who="officer", reason="r")
    with pytest.raises(PermitError):
        build(hub, one, Query(), today=TODAY)


def test_an_unknown_tier_is_said(hub):
    with pytest.raises(permits.TierError, match="PSEUDO_SPE"):
        permits.issue(hub, persons=[WHO], title="t", purpose="p", tier="FREE", valid=(TODAY, TODAY))


def test_what_is_held_is_not_frozen_and_not_served(stocked, hub, permit):
    one = permit()
    build(hub, one, IMAGES, today=TODAY)
    trace = stocked.ledger.by_instance(f"{objects.INSTANCE}.1")[0]
    holds.place(
        hub.catalogue,
        HoldKind.WITHDRAWN,
        HoldTarget(HoldScope.INSTANCE, trace.clean_sop_uid),
        reason="test",
        who="operator",
    )
    assert len(served(hub, one)) == 3
    assert build(hub, permit(), IMAGES, today=TODAY).instances == 3
    assert build(hub, permit(), Query(), today=TODAY).instances == 9


def test_an_unknown_permit_is_not_found(stocked, hub):
    with pytest.raises(NotFoundError):
        build(hub, "permit-0", Query(), today=TODAY)


@pytest.fixture
def two_names(region, deidentify_with, export_folder):
    """One woman's two studies, a fortnight apart: first by a reserve number, then by her own."""
    second = {"StudyInstanceUID": f"{objects.STUDY}.2", "SeriesInstanceUID": f"{objects.STUDY}.2.1"}
    put(
        export_folder,
        *four_views(PatientID="TF-17", StudyDate="20230403", PatientBirthDate=""),
        *(
            part10(mammogram(view=view, SOPInstanceUID=f"{objects.INSTANCE}.5{n}", **second))
            for n, view in enumerate(("lcc", "rcc"))
        ),
    )
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    people = region.keys.pseudonyms
    return people.person(canonical("TF-17", "SE-PNR")), people.person("195703129808")


def dates(found) -> set[tuple[str, str]]:
    return {(str(ds.PatientID), str(ds.StudyDate)) for ds in found.values()}


def days(found) -> int:
    earlier, later = sorted(datetime.strptime(day, "%Y%m%d") for _, day in dates(found))  # noqa: DTZ007
    return (later - earlier).days


def test_two_subjects_who_are_one_woman_are_released_as_one_with_true_intervals(
    region, hub, permit, two_names
):
    reserve, own = two_names
    subkeys = region.keys.subkeys()
    first = permit()
    build(hub, first, Query(), today=TODAY)
    assert len({patient for patient, _ in dates(served(hub, first))}) == 2
    between = weeks(subkeys, own) - weeks(subkeys, reserve)
    region.publisher.merge(
        Merge(reserve.pseudonym, own.pseudonym, between), reason="a number", who="registrar"
    )
    second = permit()
    build(hub, second, Query(), today=TODAY)
    found = served(hub, second)
    assert len({patient for patient, _ in dates(found)}) == 1
    assert days(found) == 14
    assert len(dates(served(hub, first))) == 2  # as it was sealed


def test_a_new_key_merges_as_her_next_study_is_published(
    region, hub, permit, region_keys, deidentify_with, export_folder
):
    """After a rotation the studies of before and after are one woman's, intervals and all."""
    put(export_folder, *four_views(StudyDate="20230403"))
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    pseudonyms = region_keys.pseudonyms
    rotated = dataclasses.replace(
        pseudonyms, third_party=(*pseudonyms.third_party, secrets.token_bytes(32))
    )
    keys = dataclasses.replace(region_keys, pseudonyms=rotated)
    second = {"StudyInstanceUID": f"{objects.STUDY}.2", "SeriesInstanceUID": f"{objects.STUDY}.2.1"}
    put(export_folder, part10(mammogram(SOPInstanceUID=f"{objects.INSTANCE}.51", **second)))
    for number in (2, 3, 4):
        (export_folder / f"IM{number:05}").unlink()
    again = dataclasses.replace(deidentify_with, keys=keys)
    export = registered(region, export_folder, DECISION)
    assert counts(walked(dataclasses.replace(region, keys=keys), again, export)) == {"ADMITTED": 1}
    one = permit()
    build(hub, one, Query(), today=TODAY)
    found = served(hub, one)
    assert (len(found), len({patient for patient, _ in dates(found)})) == (15, 1)
    assert days(found) == 14


class Gone:
    """A store that has lost what it held."""

    def __init__(self, error):
        self._error = error

    def get(self, *_arguments, **_named):
        raise self._error


def test_a_release_whose_image_is_gone_leaves_nothing_behind(stocked, hub, permit):
    one = permit()
    build(hub, one, Query(), today=TODAY)
    broken = dataclasses.replace(hub, clean=Gone(NotFoundError()))
    with pytest.raises(ReleaseError):
        build(broken, one, Query(view=View.CC), today=TODAY)
    assert [release.number for release in releases.releases_of(hub.catalogue, one)] == [1]
    assert build(hub, one, Query(view=View.CC), today=TODAY).number == 2
    assert len(served(hub, one)) == 2


class Breaking:
    """A store that fails, in its own way, after so many of a kind of call."""

    def __init__(self, store, error, after):
        self._store, self._error, self._left = store, error, after

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, *arguments):
        self._left -= 1
        if self._left < 0:
            raise self._error
        self._store.put(*arguments)


@pytest.fixture
def small_batches(monkeypatch):
    """Enter headers two at a time, so that some are entered when a build breaks off."""
    monkeypatch.setattr("flows.release.build.BATCH", 2)
    monkeypatch.setattr("flows.release.build.AHEAD", 2)


@on_both
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("error", [StorageError(), KeyboardInterrupt()])
def test_a_build_that_broke_off_goes_on_where_it_was(stocked, hub, permit, error):
    one = permit()
    with pytest.raises(type(error)):
        build(
            dataclasses.replace(hub, releases=Breaking(hub.releases, error, 7)),
            one,
            Query(),
            today=TODAY,
        )
    (begun,) = releases.releases_of(hub.catalogue, one)
    left = releases.left(hub.catalogue, begun.id)
    assert 0 < left < 12
    with pytest.raises(NotFoundError):
        served(hub, one)
    seen = []
    made = build(hub, one, Query(), today=TODAY, progress=lambda *told: seen.append(told))
    assert (made.id, made.number) == (begun.id, 1)
    assert (len(seen), seen[-1]) == (-(-left // 2), (12, 12))
    assert len(served(hub, one)) == 12


@pytest.mark.usefixtures("small_batches")
def test_what_broke_off_among_the_papers_goes_on_too(stocked, hub, permit, monkeypatch):
    one = permit()
    with monkeypatch.context() as broken:
        broken.setattr(releases, "seal", Gone(StorageError()).get)
        with pytest.raises(StorageError):
            build(hub, one, Query(), today=TODAY)
    (begun,) = releases.releases_of(hub.catalogue, one)
    assert build(hub, one, Query(), today=TODAY).id == begun.id
    assert len(served(hub, one)) == 12


def test_another_query_is_begun_anew(stocked, hub, permit):
    one = permit()
    begun = releases.freeze(hub.catalogue, one, Query(), today=TODAY)
    made = build(hub, one, Query(view=View.CC), today=TODAY)
    assert [release.id for release in releases.releases_of(hub.catalogue, one)] == [made.id]
    assert (made.id != begun.id, made.instances) == (True, 2)


def test_it_begins_anew_if_two_women_turned_out_to_be_one(region, hub, permit, two_names):
    """Its first half would bear another pseudonym than its second."""
    one = permit()
    begun = releases.freeze(hub.catalogue, one, Query(), today=TODAY)
    reserve, own = two_names
    region.publisher.merge(
        Merge(reserve.pseudonym, own.pseudonym, 3), reason="a number", who="registrar"
    )
    assert build(hub, one, Query(), today=TODAY).id != begun.id
    assert len({ds.PatientID for ds in served(hub, one).values()}) == 1


def test_of_two_builds_at_once_the_later_one_wins_and_the_other_says_so(stocked, hub, permit):
    one = permit()
    finished = []

    def meanwhile(*_progress):
        if not finished:
            finished.append(build(hub, one, Query(view=View.CC), today=TODAY))

    with pytest.raises(ReleaseError, match="built anew meanwhile"):
        build(hub, one, Query(), today=TODAY, progress=meanwhile)
    assert [r.id for r in releases.releases_of(hub.catalogue, one)] == [finished[0].id]
    assert len(served(hub, one)) == 2
