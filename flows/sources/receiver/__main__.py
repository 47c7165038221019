"""Run the receiver as `python -m flows.sources.receiver`, set by MAMMO_RECEIVER_…."""

import sys

from pydantic import ValidationError

from flows.errors import FlowsError
from flows.settings import ReceiverSettings
from flows.sources.receiver.program import run

try:
    run(ReceiverSettings())
except ValidationError as error:
    names = sorted({f"MAMMO_RECEIVER_{one['loc'][0]}".upper() for one in error.errors()})
    sys.exit(f"receiver: missing or wrong: {', '.join(names)}")
except FlowsError as error:
    sys.exit(f"receiver: {error}")
