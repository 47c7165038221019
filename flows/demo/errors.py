"""What can go wrong with the demonstration."""

from flows.errors import PermanentError


class DemoError(PermanentError):
    """The demonstration did not end as it must."""
