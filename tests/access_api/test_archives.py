"""Archives: what every tool can unpack, to be resumed at any byte."""

import io
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from access_api.archives.layout import Layout, path_of, read_archive, survey
from access_api.archives.tar import Tar
from access_api.archives.zipped import Zip
from access_api.ranges import Extent
from catalog import holds
from catalog.holds import HoldTarget
from catalog.releases import Member as Listed
from catalog.vocabulary import HoldKind, HoldScope
from tests.access_api.world import ANNA, BERTIL, PERMIT_A, PERMIT_B, Member, World, sha256

Bearer = Callable[..., dict[str, str]]
LAYOUTS = [Zip(), Tar()]
KINDS = ["zip", "tar"]


class Files:
    """Made-up members and their bytes."""

    def __init__(self, contents: list[bytes]) -> None:
        self.data = {f"1.2.{n}": one for n, one in enumerate(contents)}
        self.opened: list[str] = []

    def walk(self) -> Iterator[Listed]:
        for uid, data in self.data.items():
            yield Listed("2.25.1" * 8, "2.25.2" * 8, uid, len(data), sha256(data), zlib.crc32(data))

    def read(self, member: Listed, extent: Extent) -> Iterator[bytes]:
        self.opened.append(member.sop_uid)
        yield self.data[member.sop_uid][extent.start : extent.stop]

    def whole(self, layout: Layout) -> bytes:
        size = survey(layout, self.walk()).size
        return b"".join(read_archive(layout, self.walk, Extent(0, size, size), self.read))


def unpacked(layout: Layout, data: bytes) -> dict[str, bytes]:
    if isinstance(layout, Zip):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        return {one.name: archive.extractfile(one).read() for one in archive}


@given(st.lists(st.binary(max_size=1100), max_size=5), st.sampled_from(LAYOUTS), st.data())
def test_any_range_is_that_slice_of_a_real_archive(
    contents: list[bytes], layout: Layout, data: st.DataObject
) -> None:
    files = Files(contents)
    whole, found = files.whole(layout), survey(layout, files.walk())
    assert (len(whole), len(contents)) == (found.size, found.count)
    assert unpacked(layout, whole) == {
        path_of(one): files.data[one.sop_uid] for one in files.walk()
    }
    start = data.draw(st.integers(0, found.size - 1))
    stop = data.draw(st.integers(start + 1, found.size))
    part = read_archive(layout, files.walk, Extent(start, stop, found.size), files.read)
    assert b"".join(part) == whole[start:stop]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_range_opens_only_what_lies_in_it(layout: Layout) -> None:
    files = Files([b"a" * 5000, b"b" * 5000, b"c" * 5000])
    size = survey(layout, files.walk()).size
    middle = Extent(7000, 8000, size)
    assert sum(map(len, read_archive(layout, files.walk, middle, files.read))) == 1000
    assert files.opened == ["1.2.1"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_tag_tells_any_other_member_and_the_format(layout: Layout) -> None:
    tags = {
        survey(one, Files(contents).walk()).etag
        for one in LAYOUTS
        for contents in ([b"x", b"y"], [b"y", b"x"], [b"x"], [b"x", b"y", b""], [b"x", b"z"])
    }
    assert len(tags) == 10
    assert survey(layout, Files([b"x", b"y"]).walk()).etag in tags


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_too_large_for_old_headers(layout: Layout) -> None:
    """Only the headers are made: of 9 GB nobody need read a byte to know where they lie."""
    large = Listed("1.2", "1.3", "1.4", 9 << 30, "0" * 64, 7)
    before = layout.before(large)
    listing = layout.listed(large, 0) if isinstance(layout, Zip) else b""
    assert layout.overhead(large) == len(before) + len(layout.after(large)) + len(listing)
    if isinstance(layout, Tar):
        with tarfile.open(fileobj=io.BytesIO(before), mode="r:") as archive:
            assert archive.next().size == 9 << 30
    else:
        assert (9 << 30).to_bytes(8, "little") in before


def test_page_by_page_is_the_same_archive(
    client: TestClient, world: World, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/releases/{PERMIT_A}/archive"
    at_once = client.get(path, headers=bearer(ANNA))
    for page in (1, 2, 3, 6, 7):
        monkeypatch.setattr("catalog.releases.membership._PAGE", page)
        paged = client.get(path, headers=bearer(ANNA))
        assert paged.headers["etag"] == at_once.headers["etag"]
        assert paged.content == at_once.content


def part_of(kind: str, member: Member, permit: str = PERMIT_A) -> str:
    base = f"/releases/{permit}"
    return {
        "release": f"{base}/archive",
        "study": f"{base}/studies/{member.study}/archive",
        "series": f"{base}/studies/{member.study}/series/{member.series}/archive",
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["release", "study", "series"])
def test_it_unpacks_to_the_very_files(
    client: TestClient, world: World, bearer: Bearer, tmp_path: Path, kind: str, part: str
) -> None:
    member = world.of(PERMIT_A)
    path = part_of(part, member)
    answer = client.get(f"{path}?format={kind}", headers=bearer(ANNA))
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["content-disposition"].endswith(f'.{kind}"')
    (tmp_path / "it").write_bytes(answer.content)
    if kind == "tar":
        subprocess.run(["/usr/bin/tar", "-xf", "it"], cwd=tmp_path, check=True)
    else:
        zipfile.ZipFile(tmp_path / "it").extractall(tmp_path)
    wanted = {
        one.path: one.sha256
        for one in world.members[PERMIT_A]
        if part == "release" or one.study == member.study
    }
    found = {
        str(file.relative_to(tmp_path)): sha256(file.read_bytes())
        for file in tmp_path.rglob("*.dcm")
    }
    assert found == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_it_resumes_until_a_member_is_held(
    client: TestClient, world: World, bearer: Bearer, kind: str
) -> None:
    path = f"{part_of('study', world.of(PERMIT_A))}?format={kind}"
    whole = client.get(path, headers=bearer(ANNA))
    tag, half = whole.headers["etag"], len(whole.content) // 2
    going_on = {"Range": f"bytes={half}-", "If-Range": tag}
    rest = client.get(path, headers=bearer(ANNA) | going_on)
    assert (rest.status_code, rest.content) == (206, whole.content[half:])
    assert rest.headers["content-range"] == f"bytes {half}-{len(whole.content) - 1}/" + str(
        len(whole.content)
    )
    assert client.get(path, headers=bearer(ANNA) | {"If-None-Match": tag}).status_code == 304
    outside = client.get(path, headers=bearer(ANNA) | {"Range": "bytes=999999999-"})
    assert outside.status_code == 416
    held = HoldTarget(HoldScope.INSTANCE, "2.25.92.1.1")
    number = holds.place(world.engine, HoldKind.RECALLED, held, reason="x", who="operator")
    try:
        other = client.get(path, headers=bearer(ANNA) | going_on)
        assert other.status_code == 200
        assert other.headers["etag"] != tag
        assert len(other.content) < len(whole.content)
    finally:
        holds.lift(world.engine, number, who="operator")


@pytest.mark.parametrize("part", ["release", "study", "series"])
def test_nothing_of_somebody_else_s(
    client: TestClient, world: World, bearer: Bearer, part: str
) -> None:
    never = client.get("/releases/NO-SUCH-PERMIT", headers=bearer(ANNA))
    for path, who in (
        (part_of(part, world.of(PERMIT_A)), BERTIL),
        (part_of(part, world.of(PERMIT_B), PERMIT_B), ANNA),
    ):
        answer = client.get(path, headers=bearer(who))
        assert (answer.status_code, answer.content) == (404, never.content)


def test_a_series_of_another_study_is_unknown(
    client: TestClient, world: World, bearer: Bearer
) -> None:
    one, other = world.of(PERMIT_A), world.of(PERMIT_A, small=False)
    path = f"/releases/{PERMIT_A}/studies/{one.study}/series/{other.series}/archive"
    assert client.get(path, headers=bearer(ANNA)).status_code == 404
