"""What was typed, checked: names that there are, and forms that fit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pydantic import ValidationError


def wrong(error: "ValidationError") -> typer.BadParameter:
    """Say what does not fit, without what was written."""
    said = (
        f"{'.'.join(map(str, one['loc'])) or 'all together'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    )
    return typer.BadParameter("; ".join(said))


@contextmanager
def known(permit_id: str) -> Iterator[None]:
    """Say which permit or application there is not."""
    from catalog.errors import NotFoundError

    try:
        yield
    except NotFoundError:
        typer.echo(f"mammo: there is no {permit_id}", err=True)
        raise typer.Exit(1) from None
