import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_api.errors import RangeError
from access_api.ranges import choose_extent, names_etag

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, SIZE),
        ("bytes=10-19", 10, 20),
        ("bytes=990-5000", 990, SIZE),
        ("bytes=-1", 999, SIZE),
        ("bytes=-5000", 0, SIZE),
        ("BYTES=1-2", 1, 3),
        ("  bytes=1-2 ", 1, 3),
    ],
)
def test_one_range(header: str, start: int, stop: int) -> None:
    extent = choose_extent(header, SIZE)
    assert extent is not None
    assert (extent.start, extent.stop, extent.length) == (start, stop, stop - start)
    assert extent.content_range == f"bytes {start}-{stop - 1}/{SIZE}"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=0-1,5-6",
        "bytes=0x1-2",
        "bytes=٣-٤",  # Arabic digits are no digits of RFC 9110
        "bytes=+1-2",
        "bytes=1 - 2",
        "items=0-1",
        "bytes=" + "9" * 40 + "-",
        "bytes=0-1\r\nX-Evil: 1",
    ],
)
def test_what_is_no_single_range_is_ignored(header: str | None) -> None:
    assert choose_extent(header, SIZE) is None


@pytest.mark.parametrize(
    "header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999-"]
)
def test_outside(header: str) -> None:
    with pytest.raises(RangeError) as caught:
        choose_extent(header, SIZE)
    assert caught.value.size == SIZE


@given(st.text(max_size=40) | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), st.integers(1, 999))
def test_never_outside_the_object(header: str, size: int) -> None:
    try:
        extent = choose_extent(header, size)
    except RangeError:
        return
    assert extent is None or 0 <= extent.start < extent.stop <= size


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (None, False),
        ("*", True),
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", W/"abc" , "y"', True),
        ("abc", False),
        ('"abcd"', False),
        ('"' + "a" * 5000 + '", "abc"', False),
    ],
)
def test_if_none_match(header: str | None, named: bool) -> None:
    assert names_etag(header, '"abc"') is named
