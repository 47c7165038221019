"""What a region says of an order by criteria: accepted, refused on a ground, or delivered."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from catalog.arrivals.wire import VERSION, Count, OrderId, Told
from catalog.outcome import Outcome
from catalog.vocabulary import DeliveryState, Ground


class OrderAnswer(Told):
    """How an order stands in its region; of a delivery, how many objects ended how."""

    version: Literal[1] = VERSION
    order: OrderId
    state: Literal[DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.DELIVERED]
    ground: Ground | None = None
    counts: Annotated[dict[Outcome, Count], Field(max_length=len(Outcome))] | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.state is DeliveryState.REFUSED) is (self.ground is None):
            message = "a refusal has its ground, and nothing else has one"
            raise ValueError(message)
        if (self.state is DeliveryState.DELIVERED) is (self.counts is None):
            message = "a delivery is counted, and nothing else is"
            raise ValueError(message)
        return self
