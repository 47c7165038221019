"""What the console's own database role may do in a region's ledger, on PostgreSQL.

It reads columns that are kept in clear, enters errands and adds to the list of calls: it reads
no sealed cell, not even the errands that it sealed itself, and changes nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Engine, text

from catalog.database import writing
from catalog.errands.tables import console_token, console_visit, errand
from catalog.ledgers.tables import export, item
from catalog.plans.tables import announced, plan, plan_window, source

#: Columns by table that the console reads.
READS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        source.name: ("name", "kind", "changed_at"),
        plan.name: (
            *("id", "holder_id", "source", "state", "reference", "valid_until", "who"),
            *("created_at", "changed_at"),
        ),
        plan_window.name: tuple(plan_window.c.keys()),
        export.name: ("id", "holder_id", "claimed", "registered_at"),
        item.name: ("id", "export_id", "outcome", "size", "recorded_at"),
        announced.name: ("id", "export_id", "state", "changed_at"),
        errand.name: (
            *("id", "kind", "target", "who", "state", "answer"),
            *("asked_at", "expires_at", "ended_at"),
        ),
        console_token.name: tuple(console_token.c.keys()),
        console_visit.name: ("id",),
    }
)
#: Columns by table that the console writes, in new rows only.
WRITES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        errand.name: (
            *("id", "kind", "target", "who", "state", "sealed", "tries"),
            *("asked_at", "expires_at"),
        ),
        console_visit.name: ("at", "who", "token", "action", "request", "errand", "outcome"),
    }
)


def grant(ledger: Engine, role: str) -> None:
    """Give a role what the console needs, and take all else from it; SQLite has no roles.

    Raises:
        CatalogError: There is no such role, or this one may not give anything away.
    """
    if ledger.dialect.name != "postgresql":
        return
    quote = ledger.dialect.identifier_preparer.quote_identifier
    whom = quote(role)
    with writing(ledger) as connection:
        every = f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {whom}"
        connection.execute(text(every))
        for right, tables in (("SELECT", READS), ("INSERT", WRITES)):
            for table, columns in tables.items():
                named = ", ".join(map(quote, columns))
                connection.execute(text(f"GRANT {right} ({named}) ON {quote(table)} TO {whom}"))
        sequence = quote(f"{console_visit.name}_id_seq")
        connection.execute(text(f"GRANT USAGE ON SEQUENCE {sequence} TO {whom}"))
