"""A plan whose source is a DICOMweb service: the same way in as from a PACS."""

from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from flows.deidentifier import Deidentifier
from flows.errors import SettingsError
from flows.exports.bringing import Brought
from flows.exports.content import Limits
from flows.sources.definition import describe
from flows.sources.landing import Landing
from flows.sources.opening import open_source, prove, to_enter
from flows.wiring import RegionParts
from tests.flows.exports.bringing import Region
from tests.flows.making import counts
from tests.flows.sources.dicomweb import dicomweb, multipart, part10, related
from tests.objects import INSTANCE, SERIES, STUDY, mammogram

VIEWS = [
    mammogram(view=view, SOPInstanceUID=f"{INSTANCE}.{n}", InstanceNumber=str(n))
    for n, view in enumerate(("lcc", "rcc", "lmlo", "rmlo"), 1)
]
LAST = f"/series/{SERIES}/instances/{INSTANCE}.4"


@pytest.mark.parametrize("comes", [True, False])
def test_what_a_service_drops_is_asked_for_again(
    region: RegionParts, deidentify_with: Deidentifier, comes: bool
) -> None:
    def drop(request: Request) -> Response | None:
        if request.url.path.endswith(f"/studies/{STUDY}"):
            syntax = VIEWS[0].file_meta.TransferSyntaxUID
            return related(multipart(*(part10(ds, syntax) for ds in VIEWS[:3])))
        return None if comes or not request.url.path.endswith(LAST) else Response("", 404)

    with dicomweb(VIEWS, instead=drop) as server:
        told = {"kind": "DICOMWEB", "url": server.url, "care": {"associations": 2}}
        opened = open_source(describe("web", told), Landing(region.landing))
        limits = Limits(days=366, settling_days=0, tries=1)
        here = Region(region, deidentify_with, opened.source, limits=limits)
        export, brought = here.bring()
        assert brought == [Brought.SETTLED]
        assert [path for path in server.paths() if path.endswith(LAST)] != []
    lacks = {"ADMITTED": 4} if comes else {"ADMITTED": 3, "UNAVAILABLE": 1}
    assert counts(region.ledger.tally(export.id)) == lacks
    assert not list(region.landing.rglob("*.dcm"))


def test_what_to_enter_and_each_step_are_told(region: RegionParts) -> None:
    with dicomweb(VIEWS) as server:
        known = describe("web", {"kind": "DICOMWEB", "url": server.url})
        assert any("transfer-syntax" in line for line in to_enter(known))
        steps = list(prove(known, Landing(region.landing)))
    assert [step.ok for step in steps] == [True, True, True]
    assert not list(region.landing.rglob("*.dcm"))


def test_a_certificate_that_is_missing_is_told(region: RegionParts, tmp_path: Path) -> None:
    told = {"kind": "DICOMWEB", "url": "https://pacs.example", "tls": {"ca": str(tmp_path / "no")}}
    with pytest.raises(SettingsError, match="certificate authority"):
        open_source(describe("web", told), Landing(region.landing))
