"""What `mammo deid` says at the end: outcomes with their reasons, and what a rehearsal found."""

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.outcome import Outcome
    from flows.deidentifier import Deidentifier
    from flows.offline.lines import Line
    from flows.offline.report import Reporter


def say(
    lines: "tuple[Line, ...]",
    reporter: "Reporter",
    meanings: "Mapping[Outcome, str]",
    deidentifier: "Deidentifier",
    *,
    rehearsed: bool,
) -> None:
    """Say how many files ended how and why; nothing of it names a file."""
    from flows.offline.lines import tally

    for outcome, number in sorted(tally(lines).items()):
        typer.echo(f"{outcome:12} {number:6}  {meanings[outcome]}")
    for (ended, reason), number in reporter.run.reasons.most_common():
        typer.echo(f"  {number:6} {ended.lower()}: {reason}")
    _say_other_profile(reporter, deidentifier)
    if rehearsed:
        _say_rules(reporter)
    if reporter.path is not None:
        typer.echo(f"{reporter.path} names every file; it maps names, so keep it private")
        others = ", ".join(str(path) for path in reporter.others)
        typer.echo(f"{others} name none")


def _say_other_profile(reporter: "Reporter", deidentifier: "Deidentifier") -> None:
    """Name the refused classes that the other shipped profile accepts."""
    from deid.profiles.tags import class_name
    from flows.deidentifier import named_profile

    accepted = {class_name(uid) for uid in deidentifier.profile.iods}
    refused = {name for name, number in reporter.run.refused.items() if number and name}
    if not refused <= accepted:
        general = {class_name(uid) for uid in named_profile("general").iods}
        for name in sorted((refused - accepted) & general):
            typer.echo(f"--profile general accepts {name}; mammo profile gate says how")


def _say_rules(reporter: "Reporter") -> None:
    """Group what would happen by attribute, what changes most first."""
    run = reporter.run
    typer.echo("\nwhat would become of attributes, all files together; --report has each one")
    for done, number in sorted(run.done.items()):
        typer.echo(f"  {done.lower():10} {number:8}")
    typer.echo(f"\n{'tag':12} {'attribute':36} {'action':7} {'done':9} {'met':>8}  clause")
    rules = sorted(run.rules.items(), key=lambda rule: (rule[0].tag, rule[0]))
    for applied, (many, _, _) in rules:
        name = applied.keyword[:36]
        typer.echo(
            f"{applied.tag:12} {name:36} {applied.action:7} {applied.done.lower():9} "
            f"{many:8}  {applied.clause}"
        )
