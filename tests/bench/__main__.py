"""The walk's figures in docs/performance.md: `make bench`, or: python -m tests.bench memory.

Prints `name=value` lines. Ratios compare runs of one and the same session, alternated.
"""

import sys

from flows import log
from tests.bench import demo, ingest, memory, profile, worker

PARTS = {
    "ingest": ingest.run,
    "profile": profile.run,
    "memory": memory.run,
    "worker": worker.run,
    "demo": demo.run,
}

log.configure()
for name in sys.argv[1:] or PARTS:
    for line in PARTS[name]():
        print(line, flush=True)
