"""Write the headers of a release's instances anew, and digest what the door will serve of each."""

import hashlib
import io
import zlib
from collections.abc import Iterator

from pydicom import dcmread

from catalog.releases import Release, ReleasedInstance, RevisionRef
from catalog.releases.facts import facts_of
from catalog.releases.mac import Mac
from deid.identity.pseudonym import uid
from deid.rekey import rekey
from flows.wiring import HubParts


class Rekeying:
    """One release's keys at work; several threads may use it at once."""

    def __init__(self, parts: HubParts, release: Release) -> None:
        self._parts = parts
        self._release = release
        self._subkeys = parts.keys.subkeys(release.permit_id)

    def write(self, ref: RevisionRef) -> ReleasedInstance:
        """Store one instance's header; its pixels are read once and stay where they are.

        Raises:
            NotFoundError: The clean object is gone.
            StorageError: The store does not answer.
        """
        release, subkeys = self._release, self._subkeys
        person = self._parts.keys.person(release.permit_id, ref.pseudonym)
        blocks = self._parts.clean.get(ref.clean_key)
        clean, pixels = _cut(blocks, ref.pixel_offset)
        header = rekey(clean, person=person, subkeys=subkeys, weeks=ref.weeks)
        whole, crc, mac = hashlib.sha256(header), zlib.crc32(header), Mac()
        digest = whole.hexdigest()
        mac.update(header)
        while pixels:
            whole.update(pixels)
            crc = zlib.crc32(pixels, crc)
            mac.update(pixels)
            pixels = next(blocks, b"")
        study, series, sop = (
            uid(subkeys, original) for original in (ref.study_uid, ref.series_uid, ref.sop_uid)
        )
        header_key = f"{release.permit_id}/{release.id}/{sop}/{digest}.header"
        self._parts.releases.put(header_key, io.BytesIO(header), len(header), digest)
        return ReleasedInstance(
            revision_id=ref.revision_id,
            pseudonym=person.pseudonym,
            study_uid=study,
            series_uid=series,
            sop_uid=sop,
            file_name=f"{study}/{series}/{sop}.dcm",
            header_key=header_key,
            header_size=len(header),
            sha256=whole.hexdigest(),
            crc32=crc,
            mac=mac.told(),
            facts=facts_of(dcmread(io.BytesIO(header))),
        )


def _cut(blocks: Iterator[bytes], offset: int) -> tuple[bytes, bytes]:
    """Give an object's bytes before its pixel data element, and what came along of those after.

    If there are no more, `b""` came along: the store gives no empty block.
    """
    header = b""
    while len(header) < offset and (block := next(blocks, b"")):
        header += block
    return header[:offset], header[offset:] or next(blocks, b"")
