"""What the console itself can refuse, besides what the door does (`access_api.errors`).

    DoorError
    ├── ContentError   the words cannot be sealed: no JSON, or nested too deep  → 422
    └── PaceError      too many requests at once                                → 429

Statuses stand in `problems.TABLE` alone. No message carries anything of a request.
"""

from access_api.errors import DoorError


class ContentError(DoorError):
    """What is asked cannot be written down."""


class PaceError(DoorError):
    """The caller asks too often."""
