"""The command line `mammo`; each command imports what it needs when it runs, so help is instant."""

import sys
from collections.abc import Sequence

import typer

from flows.cli import (
    account,
    application,
    arrivals,
    audit,
    catalogue,
    console,
    data,
    deletions,
    device,
    erase,
    exports,
    finding,
    hold,
    key,
    notices,
    offline,
    optout,
    orders,
    permit,
    profile,
    protection,
    quarantine,
    recall,
    receiver,
    reconcile,
    regions,
    release,
    releases,
    report,
    rescan,
    sources,
    stack,
    subject,
    tier,
    token,
    verify,
)

app = typer.Typer(
    name="mammo",
    help="The pilot pipeline of a data space for mammography images.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_ALONE = (stack, data, report, offline, verify, release, token, rescan, reconcile, receiver, device)
for module in _ALONE:
    module.add_to(app)
app.add_typer(account.app, name="account")
app.add_typer(application.app, name="application")
app.add_typer(arrivals.app, name="arrivals")
app.add_typer(audit.app, name="audit")
app.add_typer(catalogue.app, name="catalog")
app.add_typer(console.app, name="console")
app.add_typer(deletions.app, name="deletions")
app.add_typer(erase.app, name="erase")
app.add_typer(exports.app, name="exports")
app.add_typer(finding.app, name="finding")
app.add_typer(hold.app, name="hold")
app.add_typer(key.app, name="key")
app.add_typer(notices.app, name="notices")
app.add_typer(optout.app, name="optout")
app.add_typer(orders.app, name="orders")
app.add_typer(permit.app, name="permit")
app.add_typer(profile.app, name="profile")
app.add_typer(protection.app, name="protection")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(recall.app, name="recall")
app.add_typer(regions.app, name="regions")
app.add_typer(releases.app, name="releases")
app.add_typer(sources.app, name="sources")
app.add_typer(subject.app, name="subject")
app.add_typer(tier.app, name="tier")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what goes wrong is said in one line, and the exit code is 1."""
    try:
        app(arguments, standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not _is_ours(error):
            raise
        typer.echo(f"mammo: {error}{_hint(error)}", err=True)
        sys.exit(1)


def _hint(error: Exception) -> str:
    """Say what helps where the error's own room cannot know it."""
    from catalog.errors import Reason, StorageError

    down = isinstance(error, StorageError) and error.reason is Reason.UNREACHABLE
    return "; run: mammo up" if down else ""


def _is_ours(error: Exception) -> bool:
    """Tell errors that say what to do from bugs; judged by name, since rooms load late."""
    rooms = ("flows.", "catalog.", "deid.", "infra.")
    return type(error).__module__.startswith(rooms)
