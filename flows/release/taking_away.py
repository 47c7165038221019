"""Take from a bucket what may not lie there any more."""

from catalog import releases
from catalog.objects import DeliveryStore
from catalog.releases import deliveries
from flows.wiring import HubParts


def take_away(parts: HubParts, permit_id: str, store: DeliveryStore) -> int:
    """Remove what is held, or of an older release, in all its versions; count what was there.

    Raises:
        NotFoundError: Nothing is sealed.
        StorageError: The store does not answer; run it again.
    """
    wanted, studies = set(), set()
    for study_uid, file_name in releases.unheld(parts.catalogue, permit_id):
        wanted.add(f"{permit_id}/{file_name}")
        studies.add(study_uid)
    wanted.update(f"{permit_id}/{study}/selection.dcm" for study in studies)
    papers = f"{permit_id}/papers/"
    left = [
        key
        for key in sorted(set(store.versions(f"{permit_id}/")))
        if key not in wanted and not key.startswith(papers)
    ]
    for key in left:
        store.erase(key)
    return len(left)


def take_held_away(
    parts: HubParts, permit_id: str, bucket: str, store: DeliveryStore, *, who: str
) -> int:
    """Take what is held from a bucket into which nothing is delivered any more; count it.

    So of a permit that another took the place of, or whose account has ended. Its tables stay as
    they were: nothing new is brought. Errors as above.
    """
    removed = take_away(parts, permit_id, store)
    if removed:
        deliveries.taken_away(parts.catalogue, permit_id, bucket, objects=removed, who=who)
    return removed
