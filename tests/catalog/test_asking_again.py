"""Holders that deliver on permit since a permit was granted are asked when somebody says so."""

import pytest
from sqlalchemy import Engine

from catalog.deliveries import orders
from catalog.errors import StepError
from catalog.holders import set_mode
from catalog.permits import revoke
from catalog.publishing.publish import CataloguePublisher
from catalog.vocabulary import HolderMode
from tests.catalog.applying import permitted
from tests.catalog.test_deliveries import amended, publisher, set_end

__all__ = ["publisher"]


def test_who_delivers_on_permit_since_is_asked_when_somebody_says_so(
    publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    one = permitted(catalogue_engine)
    assert orders.ask_again(catalogue_engine, one, who="operator") == 0
    set_mode(catalogue_engine, "skane", HolderMode.ON_PERMIT, who="operator")
    assert orders.ask_again(catalogue_engine, one, who="operator") == 1
    revoke(catalogue_engine, one, who="officer", reason="r")
    with pytest.raises(StepError):
        orders.ask_again(catalogue_engine, one, who="operator")


@pytest.mark.parametrize("how", ["expired", "amended"])
def test_nobody_is_asked_again_for_a_permit_that_ended(
    how: str, publisher: CataloguePublisher, catalogue_engine: Engine
) -> None:
    engine = catalogue_engine
    one = permitted(engine)
    if how == "amended":
        amended(engine, one, data={"description": "d", "cohort": {"view": "MLO"}})
    else:
        set_end(engine, one)
    before = orders.find_all(engine)
    set_mode(engine, "skane", HolderMode.ON_PERMIT, who="operator")
    with pytest.raises(StepError):
        orders.ask_again(engine, one, who="operator")
    assert orders.find_all(engine) == before
