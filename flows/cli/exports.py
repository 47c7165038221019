"""`mammo exports`: what is planned to come in from sources, and how far each plan and export is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import changes, place
from flows.cli.changes import PlanId

if TYPE_CHECKING:
    from catalog.plans.records import PlanState

app = typer.Typer(
    no_args_is_help=True,
    help="What comes in from sources by plan, and how far it is.",
    rich_markup_mode=None,
)

PlanFile = Annotated[
    Path, typer.Argument(help="The plan, a TOML file (docs/exports.md has one to copy).")
]


changes.add_to(app)


@app.command()
def preview(
    source: Annotated[str, typer.Argument(help="A source's name.")], plan: PlanFile
) -> None:
    """Count and reckon what a plan would bring; move nothing.

    Example: mammo exports preview sectra plan.toml
    """
    from catalog.plans.records import SourceKind
    from flows import wiring
    from flows.cli import plan_lines
    from flows.exports import planning
    from flows.sources.opening import open_folder

    place.enter("region")
    parts, content = wiring.region(), planning.read_plan(plan)
    known = planning.known_source(parts, source)
    planning.require_fit(known, content)
    if known.kind is SourceKind.PUSHED:
        lines = plan_lines.pushed_lines(parts, known)
    elif content.selection.everything:
        lines = plan_lines.folder_lines(parts, open_folder(known))
    else:
        lines = plan_lines.preview_lines(planning.opened(parts, source), content)
    for line in lines:
        typer.echo(line)


@app.command()
def schedule(
    holder: Annotated[str, typer.Argument(help="The care provider's id, as in the catalogue.")],
    source: Annotated[str, typer.Argument(help="A source's name.")],
    plan: PlanFile,
    decision: Annotated[
        Path,
        typer.Option(help="The holder's disclosure decision, a TOML file; see docs/operator.md."),
    ],
    side_table: Annotated[
        Path | None,
        typer.Option(help="A CSV or Parquet file that is kept, sealed, with the plan."),
    ] = None,
    who: Annotated[str, typer.Option(help="Only in development: who enters it.")] = "",
) -> None:
    """Enter a plan, which runs by its own schedule.

    It runs in its own nights, until it is done or cancelled.

    Example: mammo exports schedule osterskog sectra plan.toml --decision decision.toml
    """
    place.enter("region")
    # Prefect reads its settings when it is first imported: not before they are entered.
    from flows import wiring
    from flows.cli.deciding import me
    from flows.exports import planning
    from flows.ingest import schedules

    parts, content = wiring.region(), planning.read_plan(plan)
    entered = planning.enter(parts, holder, source, content, decision=decision, who=me(who))
    if side_table is not None:
        planning.keep_side_table(parts, entered.id, side_table)
    typer.echo(f"plan {entered.id}")
    schedules.set_up(parts.ledger.plans)


@app.command()
def run(plan: PlanId) -> None:
    """Go on with a plan now, and watch it.

    Its nights do not count then.

    Example: mammo exports run p-5f0c9a1e
    """
    place.enter("region")
    from flows.ingest.watch import run_plan

    typer.echo(run_plan(plan))


@app.command()
def pause(plan: PlanId) -> None:
    """Let a plan rest.

    What is under way stops after the present object.

    Example: mammo exports pause p-5f0c9a1e
    """
    from catalog.plans.records import PlanState

    _move(plan, PlanState.PAUSED)
    typer.echo(f"{plan} paused; it goes on with: mammo exports resume {plan}")


@app.command()
def resume(plan: PlanId) -> None:
    """Let a paused plan go on in its next night.

    Example: mammo exports resume p-5f0c9a1e
    """
    from catalog.plans.records import PlanState

    _move(plan, PlanState.ACTIVE)
    typer.echo(f"{plan} goes on in its next night; at once with: mammo exports run {plan}")


@app.command()
def cancel(
    plan: PlanId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """End a plan for good; what came in stays.

    Example: mammo exports cancel p-5f0c9a1e
    """
    from catalog.plans.records import PlanState

    if not yes:
        typer.confirm(f"End {plan} for good?", abort=True)
    _move(plan, PlanState.CANCELLED)
    typer.echo(f"{plan} cancelled")


@app.command()
def stop() -> None:
    """Stop every plan of this region.

    Needs nothing but the disk; `mammo exports go` takes it back.

    Example: mammo exports stop
    """
    place.enter("region")
    from flows.exports.stopping import stop_all

    stop_all(_landing())
    typer.echo("every export stops after the present object; go on with: mammo exports go")


@app.command()
def go() -> None:
    """Take `mammo exports stop` back.

    Example: mammo exports go
    """
    place.enter("region")
    from flows.exports.stopping import go_on

    go_on(_landing())
    typer.echo("exports go on in their nights")


@app.command("list")
def list_() -> None:
    """List plans and exports, and how far each is.

    Example: mammo exports list
    """
    from flows import wiring
    from flows.cli.plan_lines import export_lines, plan_lines

    place.enter("region")
    from flows.cli.status_lines import STOPPED
    from flows.exports.stopping import is_stopped

    ledger = wiring.region().ledger
    stopped = (STOPPED,) if is_stopped(_landing()) else ()
    for line in (*stopped, *plan_lines(ledger), *export_lines(ledger)):
        typer.echo(line)


@app.command()
def show(plan: PlanId) -> None:
    """Show a plan, its nights and its stretches of days.

    Example: mammo exports show p-5f0c9a1e
    """
    from flows import wiring
    from flows.cli.plan_lines import show_plan

    place.enter("region")
    for line in show_plan(wiring.region().ledger, plan):
        typer.echo(line)


def _move(plan: str, state: "PlanState") -> None:
    place.enter("region")
    from flows import wiring
    from flows.exports import planning
    from flows.ingest import schedules

    parts = wiring.region()
    planning.move(parts, plan, state)
    schedules.set_up(parts.ledger.plans)


def _landing() -> Path:
    from flows import wiring
    from flows.settings import RegionSettings

    return wiring.read(RegionSettings).landing
