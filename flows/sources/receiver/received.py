"""Which studies one association brought, told to the region's log when it is over."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from flows.sources.audit_message import Node, transferred

if TYPE_CHECKING:
    from flows.sources.auditing import Audit

#: Studies of one association that are told together; of more it is told before its end.
MOST: Final = 64


class Received:
    """Counts an association's objects by study.

    Args:
        audit: Is told; None where nobody is.
        ours: What we are called.

    Attributes:
        sender: What the peer calls itself, and its address.
    """

    def __init__(self, audit: "Audit | None", ours: Node) -> None:
        self._audit, self._ours = audit, ours
        self._studies: Counter[str] = Counter()
        self.sender = Node("", "")

    def add(self, study_uid: str) -> None:
        """Count an object."""
        if self._audit is None:
            return
        self._studies[study_uid] += 1
        if len(self._studies) > MOST:
            self.tell(complete=True)

    def tell(self, *, complete: bool) -> None:
        """Tell of each study how much of it came."""
        if self._audit is None:
            return
        for uid, number in self._studies.items():
            self._audit.send(
                transferred(self.sender, self._ours, uid, complete=complete, instances=number)
            )
        self._studies.clear()
