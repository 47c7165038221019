"""Every figure of docs/performance.md: `make bench`, or one of them: python -m tests.bench memory.

Prints `name=value` lines. Ratios compare runs of one and the same session, alternated.
"""

import sys

from tests.bench import demo, ingest, memory

PARTS = {"ingest": ingest.run, "memory": memory.run, "demo": demo.run}

for name in sys.argv[1:] or PARTS:
    for line in PARTS[name]():
        print(line, flush=True)
