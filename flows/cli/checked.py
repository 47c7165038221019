"""What was typed, checked: names that there are, and forms that fit."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def fitting() -> Iterator[None]:
    """Say what of a form does not fit, without what was written."""
    from pydantic import ValidationError

    try:
        yield
    except ValidationError as error:
        said = (
            f"{'.'.join(map(str, one['loc'])) or 'all together'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False, include_context=False)
        )
        raise typer.BadParameter("; ".join(said)) from None


@contextmanager
def known(permit_id: str) -> Iterator[None]:
    """Say which permit or application there is not."""
    from catalog.errors import NotFoundError

    try:
        yield
    except NotFoundError:
        typer.echo(f"mammo: there is no {permit_id}", err=True)
        raise typer.Exit(1) from None
