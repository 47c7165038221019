"""`mammo application …`: what was applied for, and what an assessor decides."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import place
from flows.cli.checked import fitting, known
from flows.cli.person import Who, note, person

if TYPE_CHECKING:
    from catalog.applications.deciding import Ruling

app = typer.Typer(help="What was applied for, and what is decided.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="As `mammo application list` shows it.")]
DAY = ["%Y-%m-%d"]
Reason = Annotated[str, typer.Option(help="Why; the applicant reads it.")]
PAGE = 200


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Of this state only.")] = None,
    before: Annotated[str | None, typer.Option(help="Older than this one.")] = None,
    who: Who = "",
) -> None:
    """List the applications that were submitted; recorded.

    The newest come first, 200 at a time. Drafts are their authors' alone.

    Example: mammo application list --state SUBMITTED
    """
    place.enter("hub")
    from catalog.applications import reading
    from catalog.applications.records import Reader
    from catalog.vocabulary import ApplicationState
    from flows import wiring
    from flows.cli.application_lines import HEADER, line

    if state is not None and state.upper() not in {*ApplicationState}:
        raise typer.BadParameter(", ".join(ApplicationState))
    chosen = None if state is None else ApplicationState(state.upper())
    engine, reader = wiring.hub().catalogue, Reader("", is_assessor=True)
    found = reading.find(engine, reader, state=chosen, before=before, limit=PAGE)
    note(engine, who, "application.list", "/applications")
    typer.echo("\n".join([HEADER, *map(line, found)]) if found else "nobody has applied")
    if len(found) == PAGE:
        typer.echo(f"older ones: mammo application list --before {found[-1].key}", err=True)


@app.command()
def show(
    key: Key,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    who: Who = "",
) -> None:
    """Show an application; that you read it is recorded.

    Example: mammo application show app-5f0c9a1e5f0c9a1e
    """
    place.enter("hub")
    from catalog.applications import reading
    from catalog.applications.records import Reader
    from flows import wiring
    from flows.cli.application_lines import told

    engine = wiring.hub().catalogue
    with known(key):
        found = reading.get(engine, key, Reader("", is_assessor=True))
    note(engine, who, "application.read", f"application:{key}")
    typer.echo(found.form.model_dump_json(indent=1) if as_json else "\n".join(told(found)))


@app.command()
def step(
    key: Key,
    event: Annotated[str, typer.Argument(help="screen, process or ask")],
    reason: Reason = "",
    who: Who = "",
) -> None:
    """Begin to screen or process, or ask for more.

    What is asked for needs a reason; the applicant then writes, and submits again.

    Example: mammo application step app-5f0c9a1e5f0c9a1e ask --reason "Which graphics card?"
    """
    place.enter("hub")
    from catalog.applications import applications, reading
    from catalog.applications.records import Reader
    from catalog.lifecycle import Event
    from flows import wiring
    from flows.settings import HubSettings

    if event not in {"screen", "process", "ask"}:
        message = "screen, process or ask"
        raise typer.BadParameter(message)
    me, engine = person(who, HubSettings), wiring.hub().catalogue
    with known(key):
        found = reading.get(engine, key, Reader(me, is_assessor=True))
        moved = applications.advance(
            engine, key, Event(event), who=me, version=found.version, reason=reason
        )
    typer.echo(f"{key}: {moved.state}, version {moved.version}")


@app.command()
def decide(
    key: Key,
    version: Annotated[int, typer.Option(help="Which one you have read: `show` says it.")],
    reason: Reason,
    valid_from: Annotated[
        datetime | None, typer.Option(formats=DAY, help="First day of the permit.")
    ] = None,
    valid_until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="Last day; ten years at most.")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="Another than was applied for.")] = None,
    environment: Annotated[
        list[str] | None, typer.Option(help="Service account of the environment to work in.")
    ] = None,
    condition: Annotated[list[str] | None, typer.Option(help="Art. 68(10)(h).")] = None,
    fees: Annotated[str | None, typer.Option(help="Art. 68(10)(g).")] = None,
    who: Who = "",
    *,
    grant: Annotated[bool, typer.Option("--grant/--refuse", help="What is decided.")],
) -> None:
    """Grant or refuse, with reasons, for good.

    Nobody decides on what names her. A grant issues the permit at once.

    Example: mammo application decide app-5f0c9a1e5f0c9a1e --version 4 --grant --valid-from
    2026-12-01 --valid-until 2029-11-30 --reason "It meets every condition of Article 68(1)."
    Or: mammo application decide app-5f0c9a1e5f0c9a1e --version 4 --refuse --reason "Art. 54(c)"
    """
    place.enter("hub")
    from catalog.applications import deciding
    from flows import wiring
    from flows.settings import HubSettings

    terms: dict[str, object] = {
        "valid_from": valid_from and valid_from.date(),
        "valid_until": valid_until and valid_until.date(),
        "tier": tier,
        "environments": tuple(environment or ()),
        "conditions": tuple(condition or ()),
        "fees": fees,
    }
    ruling = _ruling(reason, terms if grant else None)
    me = person(who, HubSettings)
    with known(key):
        decided = deciding.decide(wiring.hub().catalogue, key, ruling, who=me, version=version)
    typer.echo(decided.permit_id or f"{key} is refused")


def _ruling(reason: str, terms: dict[str, object] | None) -> "Ruling":
    """Put a decision together from what was typed."""
    from catalog.applications.deciding import Ruling

    verdict = "REFUSED" if terms is None else "GRANTED"
    with fitting():
        told = {"verdict": verdict, "justification": reason, "terms": terms}
        return Ruling.model_validate(told)
