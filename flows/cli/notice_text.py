"""A notice as text: nothing of it is about one woman, and no reason is told."""

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.notices.outbox import Notice


def text(one: "Notice") -> str:
    """Write a notice to whom it concerns."""
    by = f"{one.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    lifted = "; the Holds are lifted since" if one.lifted else ""
    if one.permit_id is None:
        return (
            f"To the authority (IMY), by {by} if it is a breach of personal data "
            f"(GDPR Article 33)\n\n{one.about}: {one.instances} objects, or makings of them, were "
            f"held, with all that was derived of them{lifted}. "
            f"Whom it concerns: mammo recall report {one.about.rpartition(':')[2]}"
        )
    if one.lifted and one.state.value == "due":
        return (
            f"Notice {one.id} ({one.about}) for permit {one.permit_id} need not be sent: what it "
            "was about was lifted before."
        )
    return (
        f"To {', '.join(one.persons)}\nPermit {one.permit_id}, notice {one.id} ({one.about})\n\n"
        f"{one.instances} objects of the releases of this permit may not be used any more.\n"
        "They are not served any more. Delete every copy, and all that was made of them.\n"
        f"Your secure processing environment finds them, and confirms that they are gone, at\n"
        f"/releases/{one.permit_id}/deletions of the access API. Please do so by {by}."
    )
