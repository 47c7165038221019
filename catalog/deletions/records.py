"""What is asked of an environment, what it answers, and how far it has come."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from catalog.holds.effects import Deletion


def digest_of(sop_uid: str) -> str:
    """Give what stays of a UID once it is forgotten."""
    return hashlib.sha256(sop_uid.encode()).hexdigest()


@dataclass(frozen=True)
class Asked:
    """One object that an environment must delete, by its UIDs in the permit's releases.

    Why it must is told to nobody: it could be about one woman.

    Attributes:
        asked_at: Since when: the newest Hold's placing, or the erasure.
    """

    permit_id: str
    study_uid: str
    sop_uid: str
    deletion: Deletion
    asked_at: datetime


@dataclass(frozen=True)
class Confirmation:
    """What an environment says of its own deletion.

    Attributes:
        by: Whoever did it there, as the environment names them.
        deleted_at: When it was done.
        proof_sha256: Digest of the environment's own record of it; needed after an erasure.
    """

    by: str
    deleted_at: datetime
    proof_sha256: str = ""


@dataclass(frozen=True)
class Whole:
    """That an environment must delete all it has of a permit that ended.

    Attributes:
        environment: The service account's id, or the bucket's name.
        by: The last day for it.
        confirmed_by: Who told the hub that it is done; empty as long as nobody did.
    """

    permit_id: str
    environment: str
    by: date
    confirmed_at: datetime | None = None
    confirmed_by: str = ""

    def is_late(self, today: date) -> bool:
        """Tell whether its day has passed and nobody confirmed it."""
        return self.confirmed_at is None and today > self.by


@dataclass(frozen=True)
class Standing:
    """How an environment stands with one permit.

    Attributes:
        environment: The service account's id; of what was delivered, the bucket's name too.
        due: Objects that it is asked to delete and has not said to have deleted.
        oldest: Since when the first of them is due.
        confirmed: Objects that it said to have deleted; `last` is when it last said so.
        whole: All of it, once the permit has ended.
    """

    environment: str
    permit_id: str
    due: int
    oldest: datetime | None
    confirmed: int
    last: datetime | None
    whole: Whole | None = None

    def is_late(self, today: date) -> bool:
        """Tell whether the day by which all of it goes has passed unconfirmed."""
        return self.whole is not None and self.whole.is_late(today)
