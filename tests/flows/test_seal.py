import io

import pytest

from flows.quarantine.seal import BLOCK, PREFIX, TAG, SealError, seal, sealed_size, unseal

KEY = bytes(range(32))
NAME = "export-1/7/0a1b.sealed"


def sealed(data: bytes) -> bytes:
    return b"".join(seal(io.BytesIO(data), KEY, name=NAME))


def opened(data: bytes, key: bytes = KEY, name: str = NAME) -> bytes:
    return b"".join(unseal(io.BytesIO(data), key, name=name))


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_what_was_sealed_comes_back(size):
    data = bytes(index % 251 for index in range(size))
    closed = sealed(data)
    assert len(closed) == sealed_size(size)
    assert opened(closed) == data


def test_nothing_shows_through_and_no_two_are_alike():
    data = b"Andersson Anna " * 10
    assert b"Andersson" not in sealed(data)
    assert sealed(data) != sealed(data)


@pytest.mark.parametrize("at", [0, PREFIX, -1])
def test_a_changed_byte_is_seen(at):
    closed = bytearray(sealed(bytes(100)))
    closed[at] ^= 1
    with pytest.raises(SealError):
        opened(bytes(closed))


def test_missing_and_swapped_blocks_are_seen():
    closed = sealed(bytes(2 * BLOCK + 5))
    one, two = PREFIX + BLOCK + TAG, PREFIX + 2 * (BLOCK + TAG)
    for changed in (
        closed[:one],
        closed[:two],
        closed[:PREFIX] + closed[one:two] + closed[PREFIX:one],
    ):
        with pytest.raises(SealError):
            opened(changed)


def test_another_key_opens_nothing():
    with pytest.raises(SealError):
        opened(sealed(b"x"), bytes(32))


@pytest.mark.parametrize("size", [0, 7, BLOCK + 5])
def test_a_file_under_another_files_name_is_seen(size):
    with pytest.raises(SealError, match="another name"):
        opened(sealed(bytes(size)), name="export-1/8/0a1b.sealed")
