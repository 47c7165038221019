"""What a region asks and says of its own records."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from access_api.intake.bodies import Posted
from access_api.intake.entry import Region, signed_router
from access_api.intake.hall import OpenHall
from access_api.intake.objects import HolderId
from access_api.posted import described
from catalog.arrivals import orders
from catalog.arrivals.wire import (
    ContradictionQuestion,
    HoldMessage,
    InstanceHoldMessage,
    MergeRequest,
    OptOutMessage,
    PublishedQuestion,
    StandingQuestion,
    TallyMessage,
)
from catalog.vocabulary import Standing

router = signed_router(tag="Records")


class HolderAnswer(BaseModel):
    """A holder of the region's."""

    id: str
    region: str
    name: str
    organisation_number: str
    hsa_id: str


class StandingAnswer(BaseModel):
    """How an instance stands."""

    standing: Standing


class ReasonAnswer(BaseModel):
    """What forbids it, by its name in the closed list; null for nothing."""

    reason: str | None


class NumberAnswer(BaseModel):
    """Which revision it was; null for none."""

    number: int | None


class PlacedAnswer(BaseModel):
    """Whether a Hold was placed."""

    placed: bool


class EnteredAnswer(BaseModel):
    """Whether it was new."""

    entered: bool


class OrdersParameters(BaseModel):
    """Which orders are wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[int, Field(ge=0, lt=1 << 31, description="The last one seen.")] = 0


class OrderAnswer(BaseModel):
    """One order: the signed bytes, and their signature."""

    sequence: int
    body: str
    signature: str


class OrdersAnswer(BaseModel):
    """The region's orders that follow a number."""

    orders: list[OrderAnswer]


@router.get("/holders/{holder}", summary="One of the region's holders")
def get_holder(holder: HolderId, visit: Region, hall: OpenHall) -> HolderAnswer:
    """Give a holder of the region's own."""
    found = hall.scope(visit.region).holder(holder)
    return HolderAnswer(**vars(found))


@router.post("/standing", summary="How does it stand?", openapi_extra=described(StandingQuestion))
def standing(
    asked: Annotated[StandingQuestion, Depends(Posted(StandingQuestion))],
    visit: Region,
    hall: OpenHall,
) -> StandingAnswer:
    """Tell how an instance stands to what the region has published."""
    found = hall.scope(visit.region).standing(
        asked.sop_uid,
        asked.header_sha256,
        asked.pixel_sha256,
        export_id=asked.export_id,
        remade=asked.remade,
    )
    return StandingAnswer(standing=found)


@router.post("/contradiction", summary="May it be?", openapi_extra=described(ContradictionQuestion))
def contradiction(
    asked: Annotated[ContradictionQuestion, Depends(Posted(ContradictionQuestion))],
    visit: Region,
    hall: OpenHall,
) -> ReasonAnswer:
    """Tell what forbids that an instance is ever published as it is."""
    found = hall.scope(visit.region).contradiction(
        asked.instance.record(), hers=asked.subject, holder_id=asked.holder_id, before=asked.before
    )
    return ReasonAnswer(reason=None if found is None else found.name)


@router.post(
    "/published-as", summary="Which revision is it?", openapi_extra=described(PublishedQuestion)
)
def published_as(
    asked: Annotated[PublishedQuestion, Depends(Posted(PublishedQuestion))],
    visit: Region,
    hall: OpenHall,
) -> NumberAnswer:
    """Give the revision that an export of the region's published."""
    number = hall.scope(visit.region).published_as(
        asked.sop_uid, asked.header_sha256, asked.pixel_sha256, export_id=asked.export_id
    )
    return NumberAnswer(number=number)


@router.post(
    "/tallies",
    summary="An export is finished",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra=described(TallyMessage),
)
def record_tally(
    told: Annotated[TallyMessage, Depends(Posted(TallyMessage))], visit: Region, hall: OpenHall
) -> Response:
    """Record what a finished export claimed and how it was disclosed."""
    hall.scope(visit.region).record_tally(told.record())
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/holds", summary="Stop her images", openapi_extra=described(HoldMessage))
def hold(
    told: Annotated[HoldMessage, Depends(Posted(HoldMessage))], visit: Region, hall: OpenHall
) -> PlacedAnswer:
    """Hold what the region published of a woman."""
    placed = hall.scope(visit.region).hold(told.subject, told.kind)
    return PlacedAnswer(placed=placed)


@router.post("/opt-outs", summary="What she says", openapi_extra=described(OptOutMessage))
def opt_out(
    told: Annotated[OptOutMessage, Depends(Posted(OptOutMessage))], visit: Region, hall: OpenHall
) -> EnteredAnswer:
    """Enter what a woman says of the secondary use of her data (EHDS Art. 71)."""
    entered = hall.scope(visit.region).opt_out(told.subject, told.word, told.valid_from)
    return EnteredAnswer(entered=entered)


@router.post(
    "/instance-holds", summary="Stop an image", openapi_extra=described(InstanceHoldMessage)
)
def hold_instance(
    told: Annotated[InstanceHoldMessage, Depends(Posted(InstanceHoldMessage))],
    visit: Region,
    hall: OpenHall,
) -> PlacedAnswer:
    """Hold an instance that the region published."""
    scope = hall.scope(visit.region)
    placed = scope.hold_instance(told.sop_uid, told.kind, holder_id=told.holder_id)
    return PlacedAnswer(placed=placed)


@router.post(
    "/merges",
    summary="Two pseudonyms are one woman",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra=described(MergeRequest),
)
def merge(
    told: Annotated[MergeRequest, Depends(Posted(MergeRequest))], visit: Region, hall: OpenHall
) -> Response:
    """Make two pseudonyms one Subject, if all that is published of her is the region's."""
    hall.scope(visit.region).merge(told.merge.record())
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/orders", summary="What the hub asks of the region")
def list_orders(
    visit: Region,
    hall: OpenHall,
    asked: Annotated[OrdersParameters, Query()],
) -> OrdersAnswer:
    """Give the region's orders that follow a number, as they were signed."""
    found = orders.after(hall.engine, visit.region, asked.after)
    return OrdersAnswer(orders=[OrderAnswer(**vars(one)) for one in found])
