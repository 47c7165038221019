"""A permit is for the persons it names, while it is in force; others cannot tell it exists."""

from datetime import date

import pytest
from sqlalchemy import Engine

from catalog import permits
from catalog.errors import CatalogError, ConflictError, NotFoundError, PermitError
from catalog.vocabulary import Tier
from tests.catalog.making import TODAY, WHO, authorised, permit


def refusal(engine: Engine, permit_id: str, who: str, today: date) -> CatalogError:
    with pytest.raises(CatalogError) as caught:
        authorised(engine, permit_id, who=who, today=today)
    return caught.value


def test_a_permit_comes_back_as_issued(catalogue_engine: Engine) -> None:
    issued = permit(persons=frozenset({WHO, "researcher-2"}))
    for _ in range(2):
        permits.create(catalogue_engine, issued)
    assert permits.get(catalogue_engine, "permit-1") == issued
    assert issued.tier is Tier.PSEUDO_SPE
    assert authorised(catalogue_engine, "permit-1", who=WHO, today=TODAY) == issued
    with pytest.raises(ConflictError):
        permits.create(catalogue_engine, permit(title="Another"))
    with pytest.raises(ConflictError):
        permits.create(catalogue_engine, permit("p", valid_until=date(2025, 1, 1)))


def test_unknown_and_not_yours_look_the_same(catalogue_engine: Engine) -> None:
    permits.create(catalogue_engine, permit())
    permits.create(catalogue_engine, permit("old", valid_until=date(2026, 1, 2)))
    refusals = [
        refusal(catalogue_engine, "unknown", WHO, TODAY),
        refusal(catalogue_engine, "permit-1", "stranger", TODAY),
        refusal(catalogue_engine, "old", "stranger", TODAY),
    ]
    assert {(type(one), str(one)) for one in refusals} == {(NotFoundError, "no such thing")}


@pytest.mark.parametrize(
    ("today", "allowed"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ],
)
def test_it_is_in_force_from_its_first_day_to_its_last(
    catalogue_engine: Engine, today: date, allowed: bool
) -> None:
    permits.create(catalogue_engine, permit())
    if allowed:
        assert authorised(catalogue_engine, "permit-1", who=WHO, today=today)
    else:
        assert isinstance(refusal(catalogue_engine, "permit-1", WHO, today), PermitError)


def test_a_revoked_permit_is_over_for_good(catalogue_engine: Engine) -> None:
    permits.create(catalogue_engine, permit())
    permits.revoke(catalogue_engine, "permit-1", who="officer", reason="r")
    first = permits.get(catalogue_engine, "permit-1").revoked_at
    permits.revoke(catalogue_engine, "permit-1", who="officer", reason="r")
    assert permits.get(catalogue_engine, "permit-1").revoked_at == first is not None
    assert isinstance(refusal(catalogue_engine, "permit-1", WHO, TODAY), PermitError)
    with pytest.raises(NotFoundError):
        permits.revoke(catalogue_engine, "unknown", who="officer", reason="r")
