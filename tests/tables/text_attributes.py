"""The table of text and bytes that the general rules would get wrong: written by hand."""

from tests.tables.iods import dictionary
from tests.tables.rows import committed, head_of, read_rows, write

NAME = "text_attributes.csv"
COLUMNS = ("tag", "name", "action", "matches", "except", "reason")


def render() -> str:
    """Write the committed table again, in order, with the names that PS3.6 has."""
    table = committed(NAME)
    names = {attribute.tag: attribute.name for attribute in dictionary()}
    rows = sorted(read_rows(table), key=lambda row: row["tag"])
    named = ({**row, "name": names[row["tag"]]} for row in rows)
    return write(head_of(table), COLUMNS, named)
