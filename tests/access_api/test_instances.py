import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydicom import dcmread
from starlette.testclient import TestClient

from tests.access_api.world import ANNA, PERMIT_A, Member, World

Bearer = Callable[..., dict[str, str]]


def url(member: Member) -> str:
    return f"/releases/{PERMIT_A}/instances/{member.sop}"


def test_the_bytes_are_header_and_pixels(client: TestClient, world: World, bearer: Bearer) -> None:
    for member in world.members[PERMIT_A]:
        answer = client.get(url(member), headers=bearer(ANNA))
        assert answer.status_code == 200
        assert answer.content == member.data
        ds = dcmread(io.BytesIO(answer.content))
        assert (ds.StudyInstanceUID, ds.SOPInstanceUID) == (member.study, member.sop)
        assert ds.PatientID.startswith(PERMIT_A)
        assert ds.pixel_array.shape == (ds.Rows, ds.Columns)


def test_headers(client: TestClient, world: World, bearer: Bearer) -> None:
    member = world.of(PERMIT_A)
    headers = client.get(url(member), headers=bearer(ANNA)).headers
    digest = base64.b64encode(bytes.fromhex(member.sha256)).decode()
    assert headers["content-type"] == "application/dicom"
    assert headers["content-length"] == str(len(member.data))
    assert headers["content-disposition"] == f'attachment; filename="{member.sop}.dcm"'
    assert headers["etag"] == f'"{member.sha256}"'
    assert headers["repr-digest"] == f"sha-256=:{digest}:"
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_range_is_that_slice(
    client: TestClient, world: World, issuer: Any, data: st.DataObject
) -> None:
    member = world.of(PERMIT_A, small=data.draw(st.booleans()))
    size = len(member.data)
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size + 10))
    header = {"Authorization": f"Bearer {issuer.token(ANNA)}", "Range": f"bytes={first}-{last}"}
    answer = client.get(url(member), headers=header)
    assert answer.status_code == 206
    assert answer.content == member.data[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{min(last, size - 1)}/{size}"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["etag"] == f'"{member.sha256}"'


def test_ranges_around_the_edge_of_header_and_pixels(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    member = world.of(PERMIT_A)
    edge = member.data.index(b"\xe0\x7f\x10\x00")
    for first, last in ((edge - 1, edge), (edge, edge), (edge - 1, edge - 1), (0, edge)):
        header = bearer(ANNA) | {"Range": f"bytes={first}-{last}"}
        assert client.get(url(member), headers=header).content == member.data[first : last + 1]


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,4-5", "items=0-1", "bytes=5-4", "bytes", "bytes=-", "bytes=a-b", "bytes=0-1;x"],
)
def test_weird_ranges_get_the_whole(
    client: TestClient, world: World, bearer: Bearer, asked: str
) -> None:
    member = world.of(PERMIT_A)
    answer = client.get(url(member), headers=bearer(ANNA) | {"Range": asked})
    assert (answer.status_code, answer.content) == (200, member.data)


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0", "bytes=9999999999999999999-"])
def test_a_range_outside(client: TestClient, world: World, bearer: Bearer, asked: str) -> None:
    member = world.of(PERMIT_A)
    answer = client.get(url(member), headers=bearer(ANNA) | {"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(member.data)}"
    assert answer.json()["type"] == "urn:mammo:problem:range-not-satisfiable"


def test_if_none_match(client: TestClient, world: World, bearer: Bearer) -> None:
    member = world.of(PERMIT_A)
    for known in (f'"{member.sha256}"', f'W/"{member.sha256}"', "*"):
        header = bearer(ANNA) | {"If-None-Match": known, "Range": "bytes=0-1"}
        answer = client.get(url(member), headers=header)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == f'"{member.sha256}"'
    other = client.get(url(member), headers=bearer(ANNA) | {"If-None-Match": '"x"'})
    assert other.status_code == 200


def test_if_range(client: TestClient, world: World, bearer: Bearer) -> None:
    member = world.of(PERMIT_A)
    for condition, status in (
        (f'"{member.sha256}"', 206),
        (f'W/"{member.sha256}"', 200),
        ('"other"', 200),
        ("Sun, 22 Nov 2026 00:00:00 GMT", 200),
    ):
        header = bearer(ANNA) | {"Range": "bytes=1-2", "If-Range": condition}
        assert client.get(url(member), headers=header).status_code == status
