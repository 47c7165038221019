"""Permits: who may have a release, for how long, and in which tier (EHDS Art. 68).

`require` is the one check, and knows revocation, expiry and supersession. What a
permit grants stands in `catalog.permits.content`; how it is amended, extended and shown to people,
in `changing` and `reading`.
"""

from catalog.permits.checking import get, require
from catalog.permits.issuing import create
from catalog.permits.records import Permit
from catalog.permits.revoking import revoke

__all__ = ["Permit", "create", "get", "require", "revoke"]
