"""Erased is erased: every object in every version, whatever stops it on the way."""

import csv
import hashlib
import io

import pytest
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig
from sqlalchemy import select

from catalog import permits, releases
from catalog.erasures import erasing as records
from catalog.erasures.erasing import Asked
from catalog.erasures.records import Store
from catalog.errors import RaceError, Reason, StorageError
from catalog.holds import HoldTarget
from catalog.minio_store import ensure_buckets
from catalog.releases.papers import RECORD, selection_name
from catalog.search import Query, search
from catalog.tables import instance, release_instance, revision, study, subject
from catalog.vocabulary import HoldScope
from flows import wiring
from flows.cli import place
from flows.release.build import build
from flows.release.erasing import Eraser, erase, resume
from tests.catalog.making import TODAY, permit
from tests.flows.conftest import DECISION
from tests.flows.making import four_views, put, registered, walked


@pytest.fixture
def pseudonym(region, hub, deidentify_with, export_folder):
    """One woman of four images, in a sealed release."""
    for store, prefix in ((hub.clean, "prov/"), (hub.releases, "permit-1/")):
        for key in list(store.keys(prefix)):  # other tests' women
            store.remove(key)
    put(export_folder, *four_views())
    walked(region, deidentify_with, registered(region, export_folder, DECISION))
    permits.create(hub.catalogue, permit())
    build(hub, "permit-1", Query(), today=TODAY)
    with hub.catalogue.connect() as connection:
        return connection.scalar(select(subject.c.pseudonym))


@pytest.fixture
def eraser(hub):
    return Eraser(
        hub.catalogue, {Store.CLEAN: hub.clean, Store.RELEASES: hub.releases}, hub.releases
    )


def asked(pseudonym):
    return Asked(HoldTarget(HoldScope.SUBJECT, pseudonym), "7/2026", "r", "officer")


TEXTS = ["CITATION.cff", "citation.txt", "terms.txt"]
"""What is said of a release, and of nobody in it."""


def left_of(hub):
    """Give what is stored: clean objects by key, and papers by name; headers have none."""
    clean, small = stored(hub)
    (release,) = releases.releases_of(hub.catalogue, "permit-1")
    names = {one.key: one.name for one in releases.papers(hub.catalogue, release.id)}
    assert set(names) <= set(small)
    return clean, sorted(names.get(key, key) for key in small)


def test_papers_that_were_sealed_meanwhile_are_written_anew_too(hub, eraser, pseudonym):
    with pytest.raises(RaceError):
        records.begin(hub.catalogue, asked(pseudonym), {})
    assert records.every(hub.catalogue) == ()
    assert search(hub.catalogue, Query()).studies != ()


def stored(hub):
    return list(hub.clean.keys("prov/")), list(hub.releases.keys("permit-1/"))


def test_nothing_of_her_is_stored_any_more_and_the_proof_says_so(hub, eraser, pseudonym):
    clean, headers = stored(hub)
    assert clean
    assert headers
    done = erase(eraser, asked(pseudonym))
    assert left_of(hub) == ([], TEXTS)
    assert done.ended_at is not None
    assert done.gone == done.objects >= len(clean)
    proofs = {one.key_sha256 for one in records.proofs(hub.catalogue, done.id)}
    kept = stored(hub)[1]
    assert {
        hashlib.sha256(key.encode()).hexdigest() for key in (*clean, *set(headers) - set(kept))
    } <= proofs
    (release,) = releases.releases_of(hub.catalogue, "permit-1")
    assert records.erased_of(hub.catalogue, release.id) == release.instances
    assert search(hub.catalogue, Query()).studies == ()


def test_papers_name_an_erased_image_no_more_and_all_others_still(hub, eraser, pseudonym):
    before = list(releases.manifest(hub.catalogue, "permit-1", who=None, today=TODAY))
    with hub.catalogue.connect() as connection:
        named = select(instance.c.sop_uid, release_instance.c.sop_uid).select_from(
            release_instance.join(revision, revision.c.id == release_instance.c.revision_id).join(
                instance, instance.c.id == revision.c.instance_id
            )
        )
        clean, gone = connection.execute(named.where(instance.c.derived_from.is_(None))).first()
    erase(eraser, Asked(HoldTarget(HoldScope.INSTANCE, clean), "7/2026", "r", "officer"))
    left = {
        one.sop_uid for one in releases.manifest(hub.catalogue, "permit-1", who=None, today=TODAY)
    }
    assert gone in {one.sop_uid for one in before} - left
    (release,) = releases.releases_of(hub.catalogue, "permit-1")
    papers = {one.name: one for one in releases.papers(hub.catalogue, release.id)}
    stored_keys = stored(hub)[1]
    for key in (one for one in stored_keys if one.endswith(".paper")):
        assert gone.encode() not in b"".join(hub.releases.get(key))
    for name in (RECORD, selection_name(before[0].study_uid)):
        data = b"".join(hub.releases.get(papers[name].key))
        assert all(uid.encode() in data for uid in left)
    assert {one.key for one in papers.values()} <= set(stored_keys)


def test_what_a_crash_left_is_gone_on_with(hub, eraser, pseudonym, monkeypatch):
    clean, _ = stored(hub)
    genuine, calls = type(hub.clean).erase, []

    def crash(store, key):
        calls.append(key)
        if len(calls) == 3:
            raise StorageError
        genuine(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(type(hub.clean), "erase", crash)
        with pytest.raises(StorageError):
            erase(eraser, asked(pseudonym))
    assert search(hub.catalogue, Query()).studies == ()
    (begun,) = records.every(hub.catalogue)
    assert (begun.ended_at, begun.gone) == (None, 2)
    assert len(stored(hub)[0]) == len(clean) - 2
    (done,) = resume(eraser, who="officer")
    assert done.ended_at is not None
    assert left_of(hub) == ([], TEXTS)
    assert resume(eraser, who="officer") == ()


def test_what_was_removed_by_other_hands_is_seen_to_be_gone(hub, eraser, pseudonym):
    for key in stored(hub)[0]:
        hub.clean.remove(key)
    assert erase(eraser, asked(pseudonym)).ended_at is not None


def test_older_versions_go_too(s3):
    ensure_buckets(s3.endpoint, s3.credentials["admin"], ["versions-erased"], secure=False)
    store = s3.store("versions-erased")
    client = store._client
    client.set_bucket_versioning("versions-erased", VersioningConfig(ENABLED))
    for name in ("a/b", "a/b", "a/bc"):
        client.put_object("versions-erased", name, io.BytesIO(b"x"), 1)
    client.remove_object("versions-erased", "a/b")
    client.put_object("versions-erased", "a/b", io.BytesIO(b"y"), 1)
    store.erase("a/b")
    store.erase("a/b")
    left = list(client.list_objects("versions-erased", recursive=True, include_version=True))
    assert [one.object_name for one in left] == ["a/bc"]


def test_whoever_may_not_remove_is_told_and_nothing_is_called_done(s3, hub, pseudonym):
    stores = {Store.CLEAN: s3.store("clean", "hub"), Store.RELEASES: hub.releases}
    with pytest.raises(StorageError) as caught:
        erase(Eraser(hub.catalogue, stores, hub.releases), asked(pseudonym))
    assert caught.value.reason is Reason.REFUSED
    (begun,) = records.every(hub.catalogue)
    assert (begun.ended_at, begun.gone) == (None, 0)


def test_the_command_counts_erases_and_proves(mammo, hub, eraser, pseudonym, monkeypatch):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(place, "is_here", lambda _side: False)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    monkeypatch.setattr("flows.cli.erase._eraser", lambda: eraser)
    monkeypatch.setattr("flows.cli.erase.person", lambda _who, _settings: "officer")
    what = ("erase", "begin", "--case", "7", "--reason", "r", "--subject", pseudonym)
    code, out, _ = mammo(*what)
    assert code == 0
    assert "1 study, " in out
    assert "nothing is erased yet" in out
    assert stored(hub)[0]
    code, out, _ = mammo(*what, "--yes")
    assert code == 0
    assert "erasure 1 is done" in out
    rows = list(csv.DictReader(mammo("erase", "proof", "1")[1].splitlines()))
    assert rows
    assert all(len(row["key_sha256"]) == 64 for row in rows)
    assert "case 7, officer: r" in mammo("erase", "list")[1]
    assert mammo(*what, "--yes")[0] == 1
    assert mammo(*what, "--study", "2.25.1", "--yes")[0] == 2


def test_a_study_may_be_named_by_its_search_handle(mammo, hub, eraser, pseudonym, monkeypatch):
    monkeypatch.setattr(place, "enter", lambda _side: None)
    monkeypatch.setattr(place, "is_here", lambda _side: False)
    monkeypatch.setattr(wiring, "hub", lambda: hub)
    monkeypatch.setattr("flows.cli.erase._eraser", lambda: eraser)
    monkeypatch.setattr("flows.cli.erase.person", lambda _who, _settings: "officer")
    what = ("erase", "begin", "--case", "7", "--reason", "r", "--study")
    with hub.catalogue.connect() as connection:
        handle = connection.scalar(select(study.c.key))
        uid = connection.scalar(select(study.c.study_uid))
    for name in (uid, handle, handle[:12]):
        code, said, _ = mammo(*what, name)
        assert (code, said.splitlines()[-1][:8]) == (0, "1 study,")
    for unknown in ("0" * 12, "2.25.99", handle[:11]):
        code, _, said = mammo(*what, unknown, "--yes")
        assert (code, "mammo catalog search" in said) == (1, True)
    assert mammo(*what, handle[:12], "--yes")[0] == 0
    with hub.catalogue.connect() as connection:
        assert connection.scalar(select(study.c.key)) is None
