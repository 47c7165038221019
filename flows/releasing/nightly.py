"""What is due of releases every night: deliveries are brought up to date, or deleted with proof.

An environment's bucket gets what may be served by then, and loses what is held since. Once the
permit has ended, all that was delivered is deleted, and the proof written (EHDS Art. 68(12)). What
another permit took the place of stays until that one's release is there, six months at most; what
is held goes from there all the same, and from wherever nothing may be delivered any more.
"""

from datetime import UTC, date, datetime

from prefect import flow

from catalog import permits
from catalog.deletions import whole
from catalog.errors import ConflictError
from catalog.releases import deliveries
from flows import log, wiring
from flows.errors import RetriableError
from flows.ingest.alive import alive
from flows.ingest.closing import run_id
from flows.intake.keys import load_key
from flows.release import deletion
from flows.release.delivering import Place, deliver
from flows.release.spe import open_bucket
from flows.release.taking_away import take_held_away
from flows.releasing.names import NIGHTLY
from flows.settings import ReleaseSettings
from flows.silence import silenced
from flows.wiring import HubParts

WHO = "the hub's release worker"


class NightError(RetriableError):
    """Not everything that was due could be done; it is due still."""


@flow(name=NIGHTLY, persist_result=False)
def nightly() -> dict[str, int]:
    """Do once what is due; count deliveries brought up to date, deleted with proof, and late.

    Late is what an environment has not confirmed by its day: a person asks for it. Stopped are
    deliveries into a bucket whose account has ended, or is not the permit's. Waiting are those
    of a permit that another took the place of, whose own release is not there yet. Kept is what
    should go, as the worker has no key for the proof.
    """
    log.configure()
    with silenced(NIGHTLY):
        settings = wiring.read(ReleaseSettings)
        with alive(settings.runs, run_id()):
            return once(wiring.hub(), settings, datetime.now(UTC).date())


def once(parts: HubParts, settings: ReleaseSettings, today: date) -> dict[str, int]:
    """Look at every bucket that something of a permit lies in, and do what is due there.

    Raises:
        NightError: Something failed at a bucket; the others were seen to, and that is due still.
    """
    due = whole.wholes(parts.catalogue, today=today)
    late = sum(one.is_late(today) for one in due)
    done = dict.fromkeys(("delivered", "deleted", "waiting", "kept", "stopped"), 0) | {"late": late}
    standing, failed = deliveries.standing(parts.catalogue), 0
    for permit_id, bucket in standing:
        try:
            ended = _see_to(parts, settings, permit_id, bucket, today)
        except Exception:  # noqa: BLE001 -- whatever stops one bucket, the others are due as well
            log.get().error("a bucket failed", permit=permit_id)
            failed += 1
        else:
            done[ended] += 1
    if failed:
        message = f"{failed} of {len(standing)} deliveries failed; the others were seen to"
        raise NightError(message)
    return done


def _see_to(
    parts: HubParts, settings: ReleaseSettings, permit_id: str, bucket: str, today: date
) -> str:
    """Do what is due in one bucket of one permit, and name it."""
    place = Place(bucket, open_bucket(bucket))
    ended = _due(parts, settings, permit_id, bucket, today)
    if ended == "delivered":
        deliver(parts, permit_id, place, who=WHO)
    elif ended == "deleted" and settings.proof_key_file and settings.proofs:
        key, into = load_key(settings.proof_key_file), settings.proofs
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = into / f"{permit_id}-{bucket}-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
        deletion.delete(parts, permit_id, place, key, path, who=WHO, today=today)
    else:
        take_held_away(parts, permit_id, bucket, place.store, who=WHO)
    return ended


def _due(
    parts: HubParts, settings: ReleaseSettings, permit_id: str, bucket: str, today: date
) -> str:
    """Name what is due in a bucket."""
    if permits.get(parts.catalogue, permit_id).in_force(today):
        try:
            deliveries.require_named(parts.catalogue, permit_id, bucket)
        except ConflictError:
            return "stopped"
        return "delivered"
    if whole.waits(parts.catalogue, permit_id, bucket, today=today):
        return "waiting"
    return "kept" if settings.proof_key_file is None or settings.proofs is None else "deleted"
