"""The access log is written, read in order, and never changed."""

import pytest
from sqlalchemy import Engine, text

from catalog.audit import AccessEvent, append, entries
from catalog.database import writing
from catalog.errors import ConflictError


def test_lines_come_back_in_order(catalogue_engine: Engine) -> None:
    events = [
        AccessEvent("researcher-1", f"permit-{n % 2}", "download", f"2.25.{n}", "ALLOWED")
        for n in range(4)
    ]
    for event in events:
        append(catalogue_engine, event)
    lines = list(entries(catalogue_engine))
    assert [line.object for line in lines] == [event.object for event in events]
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    mine = entries(catalogue_engine, permit_id="permit-1")
    assert [line.object for line in mine] == ["2.25.1", "2.25.3"]


@pytest.mark.parametrize("deed", ["UPDATE access_log SET actor = 'x'", "DELETE FROM access_log"])
def test_the_database_refuses_to_change_a_line(catalogue_engine: Engine, deed: str) -> None:
    append(catalogue_engine, AccessEvent("researcher-1", "", "search", "studies", "ALLOWED"))
    with pytest.raises(ConflictError), writing(catalogue_engine) as connection:
        connection.execute(text(deed))
    assert [line.actor for line in entries(catalogue_engine)] == ["researcher-1"]
