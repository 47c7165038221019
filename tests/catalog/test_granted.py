"""No release goes beyond the cohort that its permit was granted for."""

import pytest
from sqlalchemy import Engine

from catalog import permits, releases
from catalog.applications import applications
from catalog.applications.deciding import decide
from catalog.search import Query
from catalog.vocabulary import View
from tests.catalog.applying import ASSESSOR, OWNER, TODAY, form, granted, processed
from tests.catalog.making import permit, prepared
from tests.catalog.test_derived import image, mask, study


def granted_for(engine: Engine, **cohort: object) -> str:
    told = form(data={"description": "d", "cohort": cohort})
    drafted = applications.draft(engine, told, who=OWNER)
    found = processed(engine, drafted=drafted)
    ruled = decide(engine, found.key, granted(), who=ASSESSOR, version=found.version)
    return str(ruled.permit_id)


@pytest.fixture
def engine(catalogue_engine: Engine) -> Engine:
    """Two images with a mask each: number 1 is a CC, number 2 an MLO."""
    images = (image(1), image(2, "i", "q"))
    prepared(catalogue_engine).publish(study(*images, derived=(mask(1), mask(2))))
    return catalogue_engine


def sizes(engine: Engine, permit_id: str, *queries: Query) -> list[int]:
    return [releases.freeze(engine, permit_id, query, today=TODAY).instances for query in queries]


def test_what_is_asked_for_beyond_it_is_not_there(engine: Engine) -> None:
    asked = (Query(), Query(companions=False), Query(view=View.CC), Query(view=View.MLO))
    assert sizes(engine, granted_for(engine), *asked) == [4, 2, 1, 1]
    assert sizes(engine, granted_for(engine, view="CC"), *asked) == [2, 1, 1, 0]
    assert sizes(engine, granted_for(engine, view="MLO", companions=False), *asked) == [1, 1, 0, 1]
    assert sizes(engine, granted_for(engine, exam_year_from=2190), *asked) == [0, 0, 0, 0]


def test_one_that_was_issued_for_development_has_no_bound(engine: Engine) -> None:
    permits.create(engine, permit())
    assert sizes(engine, "permit-1", Query()) == [4]


def test_what_was_begun_goes_on_within_it(engine: Engine) -> None:
    one = granted_for(engine, view="CC")
    begun = releases.freeze(engine, one, Query(), today=TODAY)
    assert releases.take_up(engine, one, Query(), today=TODAY) == begun
