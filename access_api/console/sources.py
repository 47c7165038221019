"""Sources: what a region's studies come from."""

from access_api.access import guarded_router
from access_api.console.asking import ASKS, Asks
from access_api.console.desk import OpenDesk
from access_api.console.people import Administrator
from access_api.console.problems import REFUSALS
from access_api.console.wire import ErrandAnswer, SourceAsked, SourceName
from catalog.errands.records import ErrandKind
from catalog.errands.view import SourceShown

router = guarded_router(tag="Sources")


@router.get("/sources", summary="Every source", responses=REFUSALS)
def list_sources(_: Administrator, desk: OpenDesk) -> list[SourceShown]:
    """Give names and kinds; where a source is and how it is asked stays sealed."""
    return list(desk.view.sources())


@router.post("/sources", summary="Enter a source", **ASKS)
def add_source(told: SourceAsked, asks: Asks) -> ErrandAnswer:
    """Enter a source, or change one of your own that no plan asks; nothing is asked of it yet.

    It may name files below folders that the region sets aside, and no others; a bearer token's
    file lies in a folder that is named as the host it is for.
    """
    return asks.ask(ErrandKind.SOURCE_ADD, told.name, {"definition": told.definition})


@router.post("/sources/{source}/test", summary="Try a source", **ASKS)
def test_source(source: SourceName, asks: Asks) -> ErrandAnswer:
    """Try every step up to one object, which is not kept; say what the PACS has to be told."""
    return asks.ask(ErrandKind.SOURCE_TEST, source)
