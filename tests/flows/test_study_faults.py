"""Trouble in mid-study: nothing half-done is published, and the next try ends the same."""

import contextlib
import dataclasses
import io
from collections import Counter

import pytest

from catalog.errors import RetriableError, StorageError
from catalog.search import Query, search
from flows.errors import DiskFullError
from flows.quarantine.seal import unseal
from flows.walk.study import StudyRun, settle
from tests import objects
from tests.flows.conftest import DECISION
from tests.flows.making import counts, enrolled, four_views, put, registered, walked
from tests.objects import part10


class Flaky:
    """A store or publisher that fails as often as it is told to, and else is the real one."""

    def __init__(self, store, failures):
        self._store, self.failures = store, failures

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, *arguments):
        self._fail()
        self._store.put(*arguments)

    def publish(self, *arguments):
        self._fail()
        return self._store.publish(*arguments)

    def _fail(self):
        if self.failures:
            self.failures -= 1
            raise RetriableError


def test_what_may_be_wrong_waits_sealed_and_once(region, deidentify_with, ingest, export_folder):
    one, other = map(part10, objects.same_uid_other_pixels())
    put(export_folder, one)
    ingest()
    put(export_folder, other, objects.truncated())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    broken = dataclasses.replace(region, publisher=Flaky(region.publisher, 2))
    for parts in (broken, broken, region):
        for ordinal in ordinals:
            with contextlib.suppress(RetriableError):
                settle(StudyRun(parts, deidentify_with, export, ordinal, "norr", "run"))
    sealed = {
        key: b"".join(region.quarantine.get(key))
        for key in region.quarantine.keys(export.id)
        if key.count(".") == 1  # no proposal, no picture
    }
    key = region.keys.quarantine()
    opened = [b"".join(unseal(io.BytesIO(one), key, name=name)) for name, one in sealed.items()]
    assert sorted(opened) == sorted([other, objects.truncated()])


def test_trouble_with_our_own_disk_is_no_outcome(
    region, deidentify_with, export_folder, monkeypatch
):
    put(export_folder, objects.truncated())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)

    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.TemporaryFile", full)
        with pytest.raises(DiskFullError, match="disk is full"):
            settle(StudyRun(region, deidentify_with, export, ordinals[0], "norr", "run"))
    assert region.ledger.progress(export.id).done == 0
    assert counts(walked(region, deidentify_with, export)) == {"UNREADABLE": 1}


def test_a_failed_upload_publishes_nothing_and_the_next_try_ends_the_same(
    region, deidentify_with, export_folder
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)
    broken = dataclasses.replace(region, clean=Flaky(region.clean, 1))
    with pytest.raises(RetriableError):
        settle(StudyRun(broken, deidentify_with, export, ordinals[1], "norr", "run"))
    assert search(region.publisher._engine, Query()).studies == ()
    assert region.ledger.progress(export.id).done == 0
    assert counts(walked(region, deidentify_with, export)) == {"ADMITTED": 4}


def test_a_crash_between_publish_and_record_ends_as_without_one(
    region, deidentify_with, export_folder, monkeypatch
):
    put(export_folder, *four_views())
    export = registered(region, export_folder, DECISION)
    ordinals = enrolled(region, export)

    def crash(*_endings, **_run):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(region.ledger, "record", crash)
        with pytest.raises(KeyboardInterrupt):
            settle(StudyRun(region, deidentify_with, export, ordinals[1], "norr", "run"))
    assert counts(walked(region, deidentify_with, export)) == {"ADMITTED": 4}
    (found,) = search(region.publisher._engine, Query()).studies
    assert (found.images, found.instances) == (4, 12)


def test_the_store_killed_in_mid_ingest_and_back_again(
    region, deidentify_with, export_folder, tmp_path, s3_server
):
    folder = tmp_path / "s3"
    folder.mkdir()
    server = s3_server(folder)
    server.start()

    class Doomed(Flaky):
        def put(self, *arguments):
            self.failures += 1
            if self.failures == 2:
                server.kill()
            self._store.put(*arguments)

    put(export_folder, *four_views())
    try:
        clean = server.store("clean", timeout=2.0)
        parts = dataclasses.replace(region, clean=clean)
        doomed = dataclasses.replace(region, clean=Doomed(clean, 0))
        export = registered(parts, export_folder, DECISION)
        with pytest.raises(StorageError):
            walked(doomed, deidentify_with, export)
        assert search(region.publisher._engine, Query()).studies == ()
        server.start()
        assert counts(walked(parts, deidentify_with, export)) == {"ADMITTED": 4}
        keys = list(clean.keys())  # of each an image, a mask and a report, and three previews
        assert Counter(key[-3:] for key in keys) == {"dcm": 12, "png": 12}
    finally:
        server.kill()
