import hashlib
import io
import zlib
from datetime import timedelta

import pydicom
import pytest

from catalog import holds, releases
from catalog.errors import NotFoundError, PermitError
from catalog.holds import HoldTarget
from catalog.permits import revoke
from catalog.search import Query
from catalog.vocabulary import HoldKind, HoldScope, Tier, View
from flows import permits
from flows.release import build
from tests import objects
from tests.flows.conftest import DECISION, TODAY
from tests.flows.making import four_views, put, registered, walked

WHO = "researcher-1"


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
        pixels = b"".join(hub.clean.get(one.clean_key, one.pixel_offset))
        whole = header + pixels
        assert (len(header), len(whole)) == (one.header_size, one.size)
        assert hashlib.sha256(whole).hexdigest() == one.sha256
        assert zlib.crc32(whole) == one.crc32
        found[one.sop_uid] = pydicom.dcmread(io.BytesIO(whole))
    return found


def test_a_release_joins_into_whole_objects_that_name_nobody(stocked, hub, permit):
    one = permit()
    made = build(hub, one, Query(), today=TODAY)
    assert made.instances == 4
    objects_of = served(hub, one)
    assert len(objects_of) == 4
    for sop_uid, ds in objects_of.items():
        assert ds.SOPInstanceUID == sop_uid
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
    revoke(hub.catalogue, one)
    with pytest.raises(PermitError):
        build(hub, one, Query(), today=TODAY)


def test_an_unknown_tier_is_said(hub):
    with pytest.raises(permits.TierError, match="PSEUDO_SPE"):
        permits.issue(hub, persons=[WHO], title="t", purpose="p", tier="FREE", valid=(TODAY, TODAY))


def test_what_is_held_is_not_frozen_and_not_served(stocked, hub, permit):
    one = permit()
    build(hub, one, Query(), today=TODAY)
    trace = stocked.ledger.by_instance(f"{objects.INSTANCE}.1")[0]
    holds.place(
        hub.catalogue,
        HoldKind.OPTED_OUT,
        HoldTarget(HoldScope.INSTANCE, trace.clean_sop_uid),
        reason="test",
        who="operator",
    )
    assert len(served(hub, one)) == 3
    assert build(hub, permit(), Query(), today=TODAY).instances == 3


def test_an_unknown_permit_is_not_found(stocked, hub):
    with pytest.raises(NotFoundError):
        build(hub, "permit-0", Query(), today=TODAY)
