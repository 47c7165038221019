"""Who saw a study, and what a person saw, whatever the study is called."""

import pytest
from sqlalchemy import Engine, event, select

from catalog import audit, permits, releases, tables
from catalog.audit import AccessEvent
from catalog.audit.questions import Part, seen_by, study_of, who_saw
from catalog.database import reading
from catalog.errors import NotFoundError
from catalog.releases import ReleasedInstance, RevisionRef, deliveries
from catalog.search import Query
from catalog.sightings import previews
from tests.catalog.making import TODAY, WHO, draft, let_in, permit, prepared

OTHER = "researcher-2"
READS = [
    (WHO, "permit-1", "download", "2.25.5001.1.1", "ALLOWED"),
    (WHO, "permit-1", "archive", "2.25.5001", "ALLOWED"),
    (WHO, "permit-1", "download", "2.25.5002.1.1", "ALLOWED"),
    (OTHER, "permit-2", "list", "2.25.6001", "ALLOWED"),
    (OTHER, "permit-2", "manifest", "manifest", "ALLOWED"),
    (OTHER, "permit-2", "archive", "permit-2", "ALLOWED"),
    (OTHER, "permit-2", "paper", "metadata.csv", "ALLOWED"),
    (OTHER, "permit-2", "paper", "metadata.parquet", "ALLOWED"),
    (OTHER, "permit-2", "paper", "changes.csv", "ALLOWED"),
    (OTHER, "permit-2", "selection", "2.25.6001", "ALLOWED"),
    (OTHER, "permit-2", "paper", "terms.txt", "ALLOWED"),
    (OTHER, "permit-2", "download-head", "2.25.6001.1.1", "ALLOWED"),
    (OTHER, "permit-2", "archive-head", "permit-2", "ALLOWED"),
    (OTHER, "permit-1", "download", "2.25.5001.1.1", "not-found"),
    (OTHER, "permit-3", "manifest", "manifest", "ALLOWED"),
    (OTHER, "permit-2", "download", "2.25.5001.1.1", "not-found"),
]
"""Under permit-1 and permit-2 both studies are released; permit-3 has no release.

Terms tell of no study, and a HEAD reads no byte.
"""


def released_as(ref: RevisionRef, root: str) -> ReleasedInstance:
    study, series, sop = (
        uid.replace("2.25.", f"2.25.{root}") for uid in (ref.study_uid, ref.series_uid, ref.sop_uid)
    )
    return ReleasedInstance(
        ref.revision_id, "r", study, series, sop, f"{sop}.dcm", f"h/{sop}", 900, "0" * 64, 7
    )


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    publisher = prepared(catalogue_engine)
    for number in (1, 2):
        publisher.publish(draft(number))
    for name, root in (("permit-1", "500"), ("permit-2", "600")):
        permits.create(catalogue_engine, permit(name, persons=frozenset({WHO, OTHER})))
        frozen = releases.freeze(catalogue_engine, name, Query(), today=TODAY)
        for ref in list(releases.pending(catalogue_engine, frozen.id)):
            releases.add_instance(catalogue_engine, frozen.id, released_as(ref, root))
        releases.seal(catalogue_engine, frozen.id)
    for one in READS:
        audit.append(catalogue_engine, AccessEvent(*one))
    return catalogue_engine


def key_of(engine: Engine, uid: str) -> str:
    with reading(engine) as connection:
        return connection.scalar(select(tables.study.c.key).where(tables.study.c.study_uid == uid))


def told(engine: Engine, name: str, **options: bool) -> list[tuple[str, str, str]]:
    return [
        (one.access.actor, one.access.object, one.part) for one in who_saw(engine, name, **options)
    ]


FIRST = [
    (WHO, "2.25.5001.1.1", Part.STUDY),
    (WHO, "2.25.5001", Part.STUDY),
    (OTHER, "2.25.6001", Part.STUDY),
    (OTHER, "manifest", Part.RELEASE),
    (OTHER, "permit-2", Part.RELEASE),
    (OTHER, "metadata.csv", Part.RELEASE),
    (OTHER, "metadata.parquet", Part.RELEASE),
    (OTHER, "changes.csv", Part.RELEASE),
    (OTHER, "2.25.6001", Part.STUDY),
]


@pytest.mark.parametrize(
    "name", ["2.25.1", "2.25.1.1.3", "2.25.5001", "2.25.6001", "2.25.5001.1.2", "2.25.6001.1.2"]
)
def test_who_saw_a_study_over_all_permits_by_any_of_its_names(engine: Engine, name: str) -> None:
    assert told(engine, name) == FIRST
    assert study_of(engine, name) == key_of(engine, "2.25.1")


def test_by_its_handle_and_another_study_s_readers_are_others(engine: Engine) -> None:
    assert told(engine, key_of(engine, "2.25.1")) == FIRST
    assert told(engine, "2.25.2")[0] == (WHO, "2.25.5002.1.1", Part.STUDY)
    assert (WHO, "2.25.5001", Part.STUDY) not in told(engine, "2.25.2")


def test_into_whose_bucket_it_was_delivered(engine: Engine) -> None:
    (release,) = releases.releases_of(engine, "permit-2")
    let_in(engine, "spe-7", "permit-2")
    number = deliveries.begin(engine, "permit-2", release.id, "spe-7", who="ops")
    assert told(engine, "2.25.1")[-1] == ("ops", f"delivery:{number}", Part.RELEASE)
    publisher = prepared(engine)
    publisher.publish(draft(3))
    assert told(engine, "2.25.3") == []


def test_who_was_refused_is_told_if_asked(engine: Engine) -> None:
    more = set(told(engine, "2.25.1", refused=True)) - set(told(engine, "2.25.1"))
    assert more == {(OTHER, "2.25.5001.1.1", Part.STUDY)}


def test_what_the_hub_s_own_people_saw_counts(engine: Engine) -> None:
    previews.of_study(engine, key_of(engine, "2.25.1"), size=512, who="olle")
    (number,) = [line.object for line in seen_by(engine, "olle")]
    assert told(engine, "2.25.1")[-1] == ("olle", number, Part.STUDY)
    assert "olle" not in [who for who, _, _ in told(engine, "2.25.2")]


@pytest.mark.parametrize("name", ["", "manifest", "permit-1", "2.25.9", "' OR '1'='1"])
def test_what_names_no_study_finds_nothing(engine: Engine, name: str) -> None:
    assert told(engine, name) == []
    with pytest.raises(NotFoundError):
        study_of(engine, name)


def test_what_a_person_saw(engine: Engine) -> None:
    seen = [(line.permit_id, line.object, line.outcome) for line in seen_by(engine, OTHER)]
    assert seen == [(one[1], one[3], one[4]) for one in READS if one[0] == OTHER]
    assert list(seen_by(engine, "nobody")) == []


def test_each_question_is_one_query_for_a_page(engine: Engine) -> None:
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    next(who_saw(engine, "2.25.5001"))
    next(seen_by(engine, OTHER))
    assert len(asked) == 2
