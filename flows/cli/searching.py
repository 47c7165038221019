"""The options of a search that several commands take."""

from typing import Annotated

import typer

View = Annotated[str | None, typer.Option(help="CC, MLO, ML, …")]
Laterality = Annotated[str | None, typer.Option(help="L, R or B")]
HolderId = Annotated[str | None, typer.Option(help="a care provider's id")]
YearFrom = Annotated[int | None, typer.Option(help="first year of examination")]
YearTo = Annotated[int | None, typer.Option(help="last year of examination")]
ImagesOnly = Annotated[
    bool, typer.Option("--images-only", help="leave out reports, CAD results and the like")
]
