"""`mammo profile`: what the rules are, whether a file of your own is right, and what is claimed."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The rules of de-identification.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
MAMMOGRAPHY = "mammography"
_NAMED = typer.Option(
    "--profile", help="mammography, general, or a TOML file.", metavar="NAME|FILE"
)
Named = Annotated[str, _NAMED]


@app.command("list")
def list_profiles() -> None:
    """List the shipped profiles.

    Example: mammo profile list
    """
    from flows.deidentifier import SHIPPED, named_profile

    for name in SHIPPED:
        profile = named_profile(name)
        typer.echo(
            f"{name:12} version {profile.version}, PS3.15 {profile.edition}, "
            f"{len(profile.iods)} SOP classes, rules {profile.digest[:16]}"
        )
        for code, meaning in profile.codes:
            typer.echo(f"  {code}  {meaning}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A profile of your own, a TOML file.")],
) -> None:
    """Check a profile of your own.

    What is wrong is named with its line and rule.

    A file that says `extends = "mammography"` needs to say only what is different.

    Example: mammo profile check mine.toml
    """
    from flows.deidentifier import named_profile

    profile = named_profile(str(file if file.suffix else file.with_suffix(".toml")))
    typer.echo(
        f"{file.name} is right: {profile.name} {profile.version}, PS3.15 {profile.edition}, "
        f"{len(profile.iods)} SOP classes, rules {profile.digest[:16]}"
    )


@app.command()
def show(
    tag: Annotated[
        str | None, typer.Argument(help="Keyword or (gggg,eeee); without it, all of the table.")
    ] = None,
    profile: Named = MAMMOGRAPHY,
) -> None:
    """Show what becomes of one attribute, or of all.

    Without an attribute, every row of Table E.1-1 is shown.

    Example: mammo profile show PatientAge, or: mammo profile show --profile general
    """
    from deid.profiles.conformance_tables import attribute_rows
    from deid.profiles.explain import lines
    from deid.profiles.tags import read_tag
    from flows.deidentifier import named_profile

    chosen = named_profile(profile)
    if tag is not None:
        for line in lines(chosen, read_tag(tag)):
            typer.echo(line)
        return
    for where, name, table, action, others, why in attribute_rows(chosen):
        rest = "" if others == "=" else f" [{others}]"
        typer.echo(f"{where:12} {name[:44]:44} {table:7} {action}{rest}  {why}")


@app.command()
def gate(profile: Named = MAMMOGRAPHY) -> None:
    """Show which objects are refused, reviewed or pass.

    It says why, too, and what is looked at closely.

    Example: mammo profile gate --profile general
    """
    from deid.profiles.conformance_gate import gate_lines
    from flows.deidentifier import named_profile

    for line in gate_lines(named_profile(profile)):
        typer.echo(line)


@app.command()
def devices(
    maker: Annotated[str, typer.Option(help="As Manufacturer (0008,0070) says it.")] = "",
    model: Annotated[str, typer.Option(help="As Manufacturer's Model Name (0008,1090).")] = "",
    profile: Named = MAMMOGRAPHY,
) -> None:
    """Show the devices that are known, or what one is.

    Of one it says what becomes of its pictures, too.

    Example: mammo profile devices --maker "HOLOGIC, Inc." --model "Selenia Dimensions"
    """
    from deid.profiles.conformance_gate import device_lines, device_rows, table_lines
    from flows.deidentifier import named_profile

    chosen = named_profile(profile)
    if maker or model or chosen.gate.devices is None:
        shown = device_lines(chosen, maker, model)
    else:
        shown = table_lines(device_rows(chosen.gate.devices))
    for line in shown:
        typer.echo(line)


@app.command()
def conformance(profile: Named = MAMMOGRAPHY) -> None:
    """Write the conformance statement, in Markdown.

    Example: mammo profile conformance > docs/deid.md
    """
    from deid.profiles.conformance import statement
    from flows.deidentifier import named_profile

    typer.echo(statement(named_profile(profile)), nl=False)
