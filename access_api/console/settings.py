"""What the console must be told to open: read once, from `MAMMO_CONSOLE_*`, by `create_app`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConsoleSettings(BaseSettings):
    """Settings of a region's console; none of them opens anything that is sealed.

    Attributes:
        ledger_url: SQLAlchemy URL of the region's ledger; on PostgreSQL, with the console's own
            role (MAMMO_REGION_CONSOLE_ROLE).
        key_file: The public key of the region's worker, as `mammo console key` prints it.
        body_bytes: Largest body that is taken.
        body_seconds: How long a body may take to come.
        requests_a_second: How fast one person may ask; `burst` at once.
        errands_waiting: Errands of one person that may wait for an answer at once.
        failures_a_minute: Calls without a token that holds, of everybody together, before such
            calls are answered 429.
    """

    model_config = SettingsConfigDict(
        env_prefix="MAMMO_CONSOLE_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    ledger_url: SecretStr
    key_file: Path
    body_bytes: int = Field(default=256 * 1024, gt=0, le=16 << 20)
    body_seconds: float = Field(default=20.0, gt=0)
    requests_a_second: float = Field(default=10.0, gt=0)
    burst: int = Field(default=60, gt=0)
    errands_waiting: int = Field(default=50, gt=0)
    failures_a_minute: int = Field(default=60, gt=0)
