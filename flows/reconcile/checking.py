"""Every object that a record names: is it there, has it the size, and if asked, the bytes?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from catalog.inventory import clean
from catalog.inventory.records import Entry, Part
from catalog.objects import ObjectStore
from flows.reconcile.faults import Fault, looked_up, read, told
from flows.reconcile.report import Asked, Report

READERS = 4
"""Objects that are asked for or read at a time; a block of each is in memory."""

_STUDY = 2  # a clean object's key begins with a holder and a study
_READ = frozenset({Fault.DAMAGED, Fault.UNREADABLE})


def check(catalogue: Engine, store: ObjectStore, asked: Asked, report: Report) -> None:
    """Hold records against the store's listing, study by study.

    A listing is asked for a study rather than for all: stores differ in the order they list by,
    and a page of records is of few studies.

    Raises:
        StorageError: The store does not answer.
    """
    done, every = 0, clean.counted(catalogue)
    with asked.counting("checking") as progress:
        for page in clean.pages(catalogue):
            for entry in _not_listed(store, page):
                fault = looked_up(store, entry)
                if fault is not None:
                    told(catalogue, entry, fault, asked, report)
            done += len(page)
            progress(done, max(done, every))


def _not_listed(store: ObjectStore, page: Iterable[Entry]) -> Iterator[Entry]:
    """Give what is not listed as it is recorded."""
    studies: dict[str, list[Entry]] = defaultdict(list)
    for entry in page:
        studies["/".join(entry.key.split("/")[:_STUDY])].append(entry)
    for folder, entries in studies.items():
        there = {one.key: one.size for one in store.listed(f"{folder}/")}
        yield from (one for one in entries if there.get(one.key) != one.size)


def check_headers(catalogue: Engine, store: ObjectStore, asked: Asked, report: Report) -> None:
    """Ask for every header of a sealed release; a listing of a release may be large.

    Raises:
        StorageError: The store does not answer.
    """
    done, every = 0, clean.headers_counted(catalogue)
    with asked.counting("headers") as progress, ThreadPoolExecutor(READERS, "header") as pool:
        for page in clean.headers(catalogue):
            faults = pool.map(lambda entry: looked_up(store, entry), page)
            for entry, fault in zip(page, faults, strict=True):
                if fault is not None:
                    told(catalogue, entry, fault, asked, report)
            done += len(page)
            progress(done, max(done, every))


def read_all(
    catalogue: Engine, store: ObjectStore, releases: ObjectStore, asked: Asked, report: Report
) -> None:
    """Read objects, previews and headers, and compare their digests; flat in memory.

    What is missing or of another size was told before.

    Raises:
        StorageError: A store does not answer.
    """
    done, every = 0, clean.counted(catalogue, asked.since) + clean.headers_counted(catalogue)

    def look(entry: Entry) -> Fault | None:
        return read(releases if entry.part is Part.HEADER else store, entry)

    with asked.counting("reading") as progress, ThreadPoolExecutor(READERS, "reader") as pool:
        for page in _all_pages(catalogue, asked):
            mine = [entry for entry in page if _is_in_share(entry, asked)]
            for entry, fault in zip(mine, pool.map(look, mine), strict=True):
                report.read += 1
                if fault in _READ:
                    told(catalogue, entry, fault, asked, report)
            done += len(page)
            progress(done, max(done, every))


def _all_pages(catalogue: Engine, asked: Asked) -> Iterator[list[Entry]]:
    yield from clean.pages(catalogue, asked.since)
    yield from clean.headers(catalogue)


def _is_in_share(entry: Entry, asked: Asked) -> bool:
    """Tell whether an object is in the share that is asked for; its digest decides."""
    number, parts = asked.share
    return int(entry.sha256[:8], 16) % parts == number - 1
