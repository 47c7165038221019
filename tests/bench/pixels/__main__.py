"""Labelled evidence on burned-in text: `make bench-pixels`, or parts: python -m tests.bench.pixels.

Prints `name=value` lines, and writes them with pictures of the worst cases to
`var/bench/pixels/page.html`. All that is drawn follows from the seed.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from flows import log
from tests.bench.pixels import captures, films, memory, peer, speed, strata, synthetic
from tests.bench.pixels.page import page
from tests.bench.pixels.score import Outcome, judge

PLACE = Path(__file__).parents[3] / "var" / "bench" / "pixels"
Outcomes = dict[str, list[Outcome]]


def main() -> None:
    asked = _asked()
    outcomes: Outcomes = {}
    lines = []
    for part in asked.parts or PARTS:
        for line in PARTS[part](asked, outcomes):
            print(line, flush=True)
            lines.append(line)
    PLACE.mkdir(parents=True, exist_ok=True)
    command = "python -m tests.bench.pixels " + " ".join(sys.argv[1:])
    (PLACE / "page.html").write_text(page(command, lines, outcomes))
    print(f"bench.pixels.page={PLACE / 'page.html'}")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pixels", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--rounds", type=int, default=2, help="times every stratum on the films")
    parser.add_argument("--count", type=int, default=48, help="synthetic images, with and without")
    parser.add_argument("--quick", action="store_true", help="some of it, in two minutes")
    asked = parser.parse_args()
    unknown = set(asked.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    return asked


def _films(asked: argparse.Namespace, outcomes: Outcomes) -> Iterator[str]:
    few = 64 if asked.quick else 0
    rounds = 1 if asked.quick else asked.rounds
    found = [judge(sample) for sample in films.with_text(asked.seed, rounds, few=few)]
    clean = [judge(sample) for sample in films.without_text()]
    outcomes |= {"films with text": found, "films as they are": clean}
    yield from strata.said("bench.pixels.films", found)
    yield from strata.said_clean("bench.pixels.films_clean", clean)


def _synthetic(asked: argparse.Namespace, outcomes: Outcomes) -> Iterator[str]:
    count = 8 if asked.quick else asked.count
    found = [judge(sample) for sample in synthetic.with_text(asked.seed, count)]
    clean = [judge(sample) for sample in synthetic.without_text(asked.seed, count)]
    outcomes |= {"synthetic with text": found, "synthetic without an identity": clean}
    yield from strata.said("bench.pixels.synthetic", found)
    yield from strata.said_clean("bench.pixels.synthetic_clean", clean)


def _captures(asked: argparse.Namespace, _: Outcomes) -> Iterator[str]:
    yield from captures.run(asked.seed, rounds=1 if asked.quick else 2)


def _speed(asked: argparse.Namespace, _: Outcomes) -> Iterator[str]:
    yield from speed.run(rounds=1 if asked.quick else 3)


def _dbt(asked: argparse.Namespace, _: Outcomes) -> Iterator[str]:
    yield from speed.run_slices(frames=3 if asked.quick else 60)


def _memory(asked: argparse.Namespace, _: Outcomes) -> Iterator[str]:
    yield from memory.run(quick=asked.quick)


def _peer(asked: argparse.Namespace, _: Outcomes) -> Iterator[str]:
    if not asked.quick:
        yield from peer.run()


PARTS: dict[str, Callable[[argparse.Namespace, Outcomes], Iterator[str]]] = {
    "films": _films,
    "synthetic": _synthetic,
    "captures": _captures,
    "speed": _speed,
    "dbt": _dbt,
    "memory": _memory,
    "peer": _peer,
}

if __name__ == "__main__":
    log.configure()
    main()
