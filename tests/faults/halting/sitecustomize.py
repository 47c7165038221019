"""Loaded into each process of a worker under test: it halts at a named step until it may go on.

A step is armed by a file of its name in MAMMO_TEST_HALTS. The first thread that comes by renames
it to `<step>.reached` and waits until that is gone; so whoever tests can kill the process, or
another, at exactly that step.
"""

import functools
import importlib.abc
import importlib.machinery
import os
import sys
import time
from pathlib import Path

#: By step: in which module, which function, whose end is the step.
STEPS = {
    "announced": ("catalog.ledgers.ledger", "Ledger.begin_stretch"),
    "listed": ("flows.sources.network.pacs", "Pacs.instances"),
    "landed": ("flows.sources.landing", "LandedStudy._keep"),
    "fetched": ("flows.sources.network.pacs", "Pacs.fetch"),
    "handed": ("flows.sources.landing", "LandedStudy.hand_over"),
    "entered": ("flows.exports.enrolling", "enroll"),
    "spooled": ("flows.files.spool", "spool"),
    "stored": ("catalog.minio_store", "MinioStore.put"),
    "published": ("flows.walk.study", "publish"),
    "recorded": ("flows.walk.study", "_record"),
    "settled": ("catalog.plans.announced", "AnnouncedStudies.settle"),
}


def halting(step, function, folder):
    @functools.wraps(function)
    def wrapped(*arguments, **named):
        given = function(*arguments, **named)
        reached = folder / f"{step}.reached"
        try:
            (folder / step).rename(reached)
        except FileNotFoundError:
            return given
        while reached.exists():
            time.sleep(0.02)
        return given

    return wrapped


class Finder(importlib.abc.MetaPathFinder):
    """Wraps the steps of a module when it is loaded."""

    def __init__(self, folder):
        self.folder = folder

    def find_spec(self, name, path, target=None):
        steps = {step: where for step, (module, where) in STEPS.items() if module == name}
        if not steps:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            for step, where in steps.items():
                *owners, last = where.split(".")
                owner = functools.reduce(getattr, owners, module)
                setattr(owner, last, halting(step, getattr(owner, last), self.folder))

        spec.loader.exec_module = exec_module
        return spec


if folder := os.environ.get("MAMMO_TEST_HALTS"):
    sys.meta_path.insert(0, Finder(Path(folder)))
