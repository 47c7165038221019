"""Make a corpus, run the product over it, score what comes out: `python -m tests.corpus`."""

import argparse
import json
import shutil
import tempfile
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from deid.pixels.detection.text_reader import load_text_reader
from tests.corpus.corpus import write_corpus
from tests.corpus.key import write_key
from tests.corpus.runner import run_command, run_library
from tests.corpus.score import Failure, Score, score


def main() -> None:
    """Run as the options say."""
    options = _options()
    folder = Path(options.keep or tempfile.mkdtemp(prefix="mammo-corpus-"))
    try:
        _run(options, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--subjects", type=int, default=12, help="how many women")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", action="append", help="mammography and general by default")
    parser.add_argument("--path", choices=("library", "command", "both"), default="library")
    parser.add_argument("--pixels", action="store_true", help="look for text in pixels, as `both`")
    parser.add_argument("--keep", help="a new folder to leave corpus, key and results in")
    parser.add_argument("--failures", type=int, default=40, help="how many to print, a kind each")
    return parser.parse_args()


def _run(options: argparse.Namespace, folder: Path) -> None:
    source = folder / "originals"
    corpus = write_corpus(source, subjects=options.subjects, seed=options.seed)
    write_key(corpus.answers, folder / "key.jsonl")
    print(f"corpus_files={len(corpus.answers)}", flush=True)
    for profile in options.profile or ("mammography", "general"):
        for path in ("library", "command") if options.path == "both" else (options.path,):
            results = folder / f"{profile}-{path}"
            start = perf_counter()
            if path == "library":
                reader = load_text_reader() if options.pixels else None
                endings = run_library(source, results, profile, reader)
            else:
                endings = run_command(source, results, folder / f"{profile}.csv", profile)
            seconds = perf_counter() - start
            scored = score(
                source,
                results,
                corpus.answers,
                endings,
                profile=profile,
                pixels_read=options.pixels or path == "command",
            )
            _print(scored, f"{profile}.{path}", options.failures, folder)
            print(f"{profile}.{path}.seconds={seconds:.1f}", flush=True)


def _print(scored: Score, name: str, most: int, folder: Path) -> None:
    """Print the table, then what failed: one example of a kind, and how many are like it."""
    for line in scored.lines():
        print(f"{name}.{line}")
    alike: dict[tuple[str, ...], list[Failure]] = defaultdict(list)
    for failure in scored.failures:
        alike[_kind(failure)].append(failure)
    for failures in sorted(alike.values(), key=len, reverse=True)[:most]:
        print(f"# {len(failures)} x {failures[0]}")
    with (folder / f"{name}.failures.jsonl").open("w", encoding="utf-8") as file:
        for failure in scored.failures:
            file.write(json.dumps(asdict(failure), ensure_ascii=False) + "\n")


def _kind(failure: Failure) -> tuple[str, ...]:
    check = failure.check
    if failure.area == "not admitted":
        return (failure.area, failure.file)
    if failure.area == "text":
        return (failure.area, check.action, check.kind, check.where.rsplit("/", 1)[-1])
    return (failure.area, check.action, check.category, check.kind, check.where)


if __name__ == "__main__":
    main()
