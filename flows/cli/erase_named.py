"""What is to be erased, as it is named to `mammo erase`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from catalog.holds import HoldTarget


def target_of(subject: str, study: str, instance: str) -> "HoldTarget":
    """Give the one thing that is named."""
    from catalog.holds import HoldTarget
    from catalog.vocabulary import HoldScope

    named = {
        HoldScope.SUBJECT: subject.strip(),
        HoldScope.STUDY: study.strip(),
        HoldScope.INSTANCE: instance.strip(),
    }
    given = [HoldTarget(scope, value) for scope, value in named.items() if value]
    if len(given) != 1:
        message = "name one of --subject, --study and --instance"
        raise typer.BadParameter(message)
    return given[0]


def study_uid(catalogue: "Engine", name: str) -> str:
    """Give the UID of a study that is named by its search handle, and a UID as it is."""
    from catalog import handles

    with known():
        return handles.study_uid(catalogue, name) if handles.is_handle(name) else name


@contextmanager
def known() -> Iterator[None]:
    """Say by which names what is to be erased is known here."""
    from catalog.errors import NotFoundError

    try:
        yield
    except NotFoundError:
        typer.echo(
            "mammo: the space knows nothing by that name, or it is erased already: a study goes by "
            "its handle (mammo catalog search) or its UID in the space, a woman by her pseudonym "
            "there; names of a permit's release are others",
            err=True,
        )
        raise typer.Exit(1) from None
