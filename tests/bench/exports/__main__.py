"""The figures of exports: `make bench-exports`, or parts: python -m tests.bench.exports receive.

Everything that is compared runs turn about in one run; ratios are medians of the turns' ratios.
"""

import sys

from flows import log
from tests.bench.exports import burden, endtoend, orchestrated, processes, receive
from tests.bench.exports.table import machine

PARTS = {
    "receive": receive.run,
    "endtoend": endtoend.run,
    "processes": processes.run,
    "prefect": orchestrated.run,
    "burden": burden.run,
}


def main() -> None:
    log.configure()
    for name in sys.argv[1:] or PARTS:
        print(f"\n## {name}\n\n{machine()}\n", flush=True)
        for line in PARTS[name]():
            print(line, flush=True)


if __name__ == "__main__":
    main()
