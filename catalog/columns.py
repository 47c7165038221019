"""Column kinds that both databases understand the same way."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Integer, MetaData, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps it without a zone, Python always sees one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware moment into UTC; a naive one is an error of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError  # a moment without a zone is no moment
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 # the signature is SQLAlchemy's
    ) -> datetime | None:
        """Give every moment back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """Give the present moment in UTC."""
    return datetime.now(UTC)


def named_metadata() -> MetaData:
    """Make a metadata whose constraints have names that do not depend on the database."""
    return MetaData(naming_convention=NAMING)


def serial() -> Column[Any]:
    """Make a primary key that the database numbers."""
    number = BigInteger().with_variant(Integer(), "sqlite")
    return Column("id", number, primary_key=True, autoincrement=True)


def reference() -> BigInteger:
    """Give the type of a column that refers to a numbered key."""
    return BigInteger().with_variant(Integer(), "sqlite")


def closed(name: str, words: type[StrEnum]) -> tuple[Column[Any], CheckConstraint]:
    """Make a text column and the check that it holds one of the words."""
    return Column(name, String(16), nullable=False), one_of(name, words)


def one_of(name: str, words: Iterable[str]) -> CheckConstraint:
    """Make the check that a column is null or holds one of the words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{name} IN ({listed})", name=name)
