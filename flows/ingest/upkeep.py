"""The region's upkeep, every ten minutes: dead runs, what is over, schedules as plans say."""

from datetime import UTC, datetime

from prefect import flow

from flows import log, wiring
from flows.exports.pushed import end_unasked
from flows.ingest import alarms, janitor, schedules
from flows.ingest.alive import alive
from flows.ingest.closing import run_id
from flows.ingest.names import UPKEEP, UPKEEP_PACE
from flows.review import expiry
from flows.silence import silenced
from flows.sources.auditing import trail
from flows.sources.landing import Landing


@flow(name=UPKEEP, persist_result=False)
def upkeep() -> None:
    """Tidy once; every step is safe to run again, at the same time as anything else."""
    log.configure()
    with silenced("upkeep"):
        parts, moment = wiring.region(), datetime.now(UTC)
        with alive(parts.landing, run_id()):
            janitor.sweep(parts, moment)
            parts.ledger.forget_expired(moment)
            parts.ledger.announced.forget(moment - parts.remembered)
            parts.ledger.errands.expire()
            expiry.expire(parts, moment)
            Landing(parts.landing).sweep()
            end_unasked(parts)
            if (audit := trail(parts.landing)) is not None:
                audit.deliver()
            schedules.set_up(parts.ledger.plans)
            alarms.tell_quarantine(parts.ledger, moment, UPKEEP_PACE)
