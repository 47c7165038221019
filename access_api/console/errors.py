"""What the console itself can refuse, besides what the door does (`access_api.errors`).

    ConsoleError
    └── ContentError   the words cannot be sealed: no JSON, or nested too deep  → 422

Statuses stand in `problems.TABLE` alone. No message carries anything of a request.
"""


class ConsoleError(Exception):
    """Base class of what the console itself refuses."""


class ContentError(ConsoleError):
    """What is asked cannot be written down."""
