"""Run the receiver as `python -m flows.sources.receiver`, set by MAMMO_RECEIVER_…."""

import sys

from flows.errors import FlowsError
from flows.sources.receiver.program import run, settings_of

try:
    run(settings_of())
except FlowsError as error:
    sys.exit(f"receiver: {error}")
