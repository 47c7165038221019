"""What was made of an image comes with it, is revised with it, and is held with it."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select

from catalog import holds, permits, releases, tables
from catalog.database import reading
from catalog.errors import ConflictError, HeldError, NotFoundError, Reason
from catalog.holds import HoldTarget
from catalog.outcome import Outcome
from catalog.publishing.publish import CataloguePublisher
from catalog.records import NewRevision, PixelFacts, Preview, StudyDraft
from catalog.search import Query, search
from catalog.sightings import tables as pixel_tables
from catalog.vocabulary import HoldKind, HoldScope, Kind, Laterality, Standing, View
from tests.catalog.making import TODAY, WHO, digest, draft, instance, new_revision, permit, prepared

FACTS = PixelFacts(812.5, 0.25, Laterality.LEFT, True, 0.0, ("saturated", "doubtful"))


@pytest.fixture
def publisher(catalogue_engine: Engine) -> CataloguePublisher:
    return prepared(catalogue_engine)


def image(number: int = 1, header: str = "h", pixels: str = "p") -> NewRevision:
    new = new_revision(instance(7, number), header, pixels)
    previews = tuple(
        Preview(size, size // 2, size, f"clean/{header}.{size}.png", 99, digest(f"{size}"))
        for size in (256, 1024)
    )
    return replace(new, pixel_facts=FACTS, previews=previews)


def mask(of: int = 1, **changes: object) -> NewRevision:
    described = instance(
        7, 100 + of, series_uid="2.25.7.2", kind=Kind.SEG, view=View.UNKNOWN, modality="SEG"
    )
    new = replace(new_revision(described), derived_from=f"2.25.7.1.{of}")
    return replace(new, **changes)


def study(*images: NewRevision, derived: tuple[NewRevision, ...] = (), **changes) -> StudyDraft:
    return draft(7, *images, derived=derived, **changes)


def count(engine: Engine, name: str) -> int:
    table = pixel_tables.metadata.tables[name]
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_they_are_published_with_their_image_and_no_outcome_counts_them(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    numbers = publisher.publish(study(image(), derived=(mask(),)))
    assert numbers == {"2.25.7.1.1": 1}
    with reading(catalogue_engine) as connection:
        rows = connection.execute(select(tables.instance).order_by(tables.instance.c.sop_uid)).all()
        assert connection.scalar(select(tables.outcome.c.instances)) == 1
    assert [row.derived_from for row in rows] == [None, rows[0].id]
    counted = {"preview": 2, "pixel_facts": 1, "quality_flag": 2, "revision": 2}
    assert {name: count(catalogue_engine, name) for name in counted} == counted


def test_the_same_draft_again_doubles_nothing(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    one = study(image(), derived=(mask(),))
    for again in (
        one,
        one,
        replace(one, derived=(mask(stored=new_revision(image().instance).stored),)),
    ):
        publisher.publish(again)
    assert (count(catalogue_engine, "revision"), count(catalogue_engine, "preview")) == (2, 2)


def test_a_revision_of_the_image_brings_one_of_them_with_the_same_bytes(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(study(image(), derived=(mask(),)))
    better = study(
        image(header="better"),
        derived=(mask(),),
        outcomes={Outcome.REVISED: 1},
        export_id="export-2",
    )
    publisher.publish(better)
    with reading(catalogue_engine) as connection:
        rows = connection.execute(select(tables.revision).order_by(tables.revision.c.id)).all()
    assert [row.number for row in rows] == [1, 1, 2, 2]
    assert [row.derived_from for row in rows] == [None, rows[0].id, None, rows[2].id]
    assert rows[1].key == rows[3].key


def test_what_was_derived_from_an_older_revision_is_found_no_more(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    engine = catalogue_engine
    permits.create(engine, permit())
    again = {"outcomes": {Outcome.REVISED: 1}}
    for export, better, found in (
        ("export-1", study(image(), derived=(mask(),), outcomes={Outcome.ADMITTED: 1}), 2),
        ("export-2", study(image(header="better"), **again), 1),
        ("export-3", study(image(header="best"), derived=(mask(),), **again), 2),
    ):
        publisher.publish(replace(better, export_id=export))
        (one,) = search(engine, Query()).studies
        assert (one.images, one.instances) == (1, found)
        assert len(search(engine, Query(kind=Kind.SEG)).studies) == found - 1
        assert releases.freeze(engine, "permit-1", Query(), today=TODAY).instances == found


@pytest.mark.parametrize(
    "wrong",
    [
        study(image(), derived=(mask(of=2),)),
        study(image(), derived=(mask(derived_from=""),)),
        study(image(), derived=(mask(), mask())),
        study(replace(image(), derived_from="2.25.7.1.1")),
        study(image(), derived=(mask(instance=image().instance),)),
        study(image(), derived=(mask(instance=replace(mask().instance, study_uid="2.25.8")),)),
    ],
    ids=["no image", "of nothing", "twice", "an image", "itself", "another study"],
)
def test_a_draft_that_mixes_is_refused(publisher: CataloguePublisher, wrong: StudyDraft) -> None:
    with pytest.raises(ConflictError) as refused:
        publisher.publish(wrong)
    assert refused.value.reason is Reason.MIXED_DRAFT


def test_an_instance_that_came_with_an_export_is_not_taken_for_a_derived_one(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(study(replace(mask(), derived_from="")))
    with pytest.raises(ConflictError):
        publisher.publish(study(image(), derived=(mask(),), export_id="export-2"))
    assert count(catalogue_engine, "revision") == 1


@pytest.fixture
def released(publisher: CataloguePublisher, catalogue_engine: Engine) -> str:
    """A sealed release of two images and what was made of one of them."""
    publisher.publish(study(image(), image(2), derived=(mask(),)))
    permits.create(catalogue_engine, permit())
    made = releases.freeze(catalogue_engine, "permit-1", Query(), today=TODAY)
    for ref in releases.pending(catalogue_engine, made.id):
        name = ref.sop_uid.replace("2.25.7", "2.25.1")
        one = releases.ReleasedInstance(
            revision_id=ref.revision_id,
            pseudonym="r",
            study_uid="2.25.1",
            series_uid="2.25.1.1",
            sop_uid=name,
            file_name=f"{name}.dcm",
            header_key="k",
            header_size=9,
            sha256=digest(name),
            crc32=1,
        )
        releases.add_instance(catalogue_engine, made.id, one)
    releases.seal(catalogue_engine, made.id, today=TODAY)
    return made.id


def served(engine: Engine) -> dict[str, releases.Servable]:
    found = releases.list_instances(engine, "permit-1", "2.25.1", who=WHO, today=TODAY)
    return {one.sop_uid: one for one in found}


def test_a_release_says_what_was_derived_of_what(released: str, catalogue_engine: Engine) -> None:
    found = served(catalogue_engine)
    first, second, third = (found[f"2.25.1.1.{n}"] for n in (1, 2, 101))
    assert (first.derived, first.derived_from, first.previews) == (False, None, (256, 1024))
    assert first.pixel_facts == replace(FACTS, flags=("doubtful", "saturated"))
    assert (third.derived, third.derived_from) == (True, "2.25.1.1.1")
    assert (third.previews, third.pixel_facts) == ((), None)
    assert second.derived_from is None
    manifest = releases.manifest(catalogue_engine, "permit-1", who=WHO, today=TODAY)
    assert {one.sop_uid: one for one in manifest} == found


def preview(engine: Engine, sop_uid: str, size: int = 256) -> releases.ServablePreview:
    return releases.preview(engine, "permit-1", sop_uid, size=size, who=WHO, today=TODAY)


def revision_of(engine: Engine, sop_uid: str) -> str:
    joined = tables.revision.join(
        tables.instance, tables.instance.c.id == tables.revision.c.instance_id
    )
    wanted = select(tables.revision.c.id).select_from(joined)
    with reading(engine) as connection:
        return str(connection.scalar(wanted.where(tables.instance.c.sop_uid == sop_uid)))


@pytest.mark.parametrize("scope", [HoldScope.INSTANCE, HoldScope.REVISION])
def test_a_hold_on_the_image_holds_all_that_was_made_of_it(
    released: str, catalogue_engine: Engine, scope: HoldScope
) -> None:
    engine = catalogue_engine
    assert preview(engine, "2.25.1.1.1").width == 128
    uid = "2.25.7.1.1"
    target = HoldTarget(scope, uid if scope is HoldScope.INSTANCE else revision_of(engine, uid))
    number = holds.place(engine, HoldKind.RECALLED, target, reason="text", who="officer")
    assert set(served(engine)) == {"2.25.1.1.2"}
    for held in ("2.25.1.1.1", "2.25.1.1.101"):
        with pytest.raises(HeldError):
            releases.servable(engine, "permit-1", held, who=WHO, today=TODAY)
    with pytest.raises(HeldError):
        preview(engine, "2.25.1.1.1")
    (found,) = search(engine, Query()).studies
    assert (found.images, found.instances) == (1, 1)
    assert releases.freeze(engine, "permit-1", Query(), today=TODAY).instances == 1
    holds.lift(engine, number, who="officer")
    assert len(served(engine)) == 3


def test_a_hold_on_what_was_made_leaves_the_image(released: str, catalogue_engine: Engine) -> None:
    target = HoldTarget(HoldScope.INSTANCE, "2.25.7.1.101")
    holds.place(catalogue_engine, HoldKind.RECALLED, target, reason="wrong", who="officer")
    assert set(served(catalogue_engine)) == {"2.25.1.1.1", "2.25.1.1.2"}


def test_a_preview_there_is_not_is_not_found(released: str, catalogue_engine: Engine) -> None:
    for sop_uid, size in (("2.25.1.1.1", 512), ("2.25.1.1.101", 256), ("2.25.9", 256)):
        with pytest.raises(NotFoundError):
            preview(catalogue_engine, sop_uid, size)


def test_a_search_by_what_the_pixels_tell_finds_images(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    other = replace(image(2), pixel_facts=replace(FACTS, laterality_agrees=None, flags=()))
    publisher.publish(study(image(), other, image(3), derived=(mask(),)))
    publisher.publish(draft(8))
    queries = {
        Query(): (2, 8),
        Query(flag="saturated"): (1, 2),
        Query(flag="implant"): (0, 0),
        Query(laterality_agrees=True): (1, 2),
        Query(laterality_agrees=False): (0, 0),
        Query(flag="doubtful", view=View.MLO): (0, 0),
    }
    for query, (studies, instances) in queries.items():
        found = search(catalogue_engine, query).studies
        assert (len(found), sum(one.instances for one in found)) == (studies, instances), query


def test_pixels_remade_of_the_same_original_are_a_revision(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    publisher.publish(study(image()))
    uid = "2.25.7.1.1"
    before, other = digest(uid + "p"), digest(uid + "other")
    new = (uid, digest(uid + "h"), other)
    assert publisher.standing(*new) is Standing.CONFLICT
    assert publisher.standing(*new, remade={other}) is Standing.CONFLICT
    assert publisher.standing(*new, remade={before}) is Standing.REVISED
    remade = replace(image(pixels="other"), remade=frozenset({before}))
    publisher.publish(study(remade, outcomes={Outcome.REVISED: 1}, export_id="export-2"))
    assert publisher.standing(*new) is Standing.KNOWN
    assert count(catalogue_engine, "revision") == 2
