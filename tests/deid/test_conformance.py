import re

import pytest

from deid.profiles.conformance import statement
from deid.profiles.conformance_tables import attribute_rows, counts, structured_rows
from deid.profiles.profile import load_profile, read_profile
from deid.profiles.table import OPTIONS
from deid.profiles.tags import table_rows


@pytest.fixture(scope="module")
def profile():
    return load_profile()


def test_every_row_of_the_table_is_stated_once(profile):
    rows = list(attribute_rows(profile))
    assert len(rows) == 657
    assert len({(row[0], row[1]) for row in rows}) == 657
    assert all(row[3] and row[5] for row in rows)


def test_the_counts_add_up_to_the_table(profile):
    heads, *rows = counts(profile)
    assert rows[-1][0] == "all"
    assert rows[-1][-1] == "657"
    for column in range(1, len(heads)):
        numbers = [int(row[column] or 0) for row in rows]
        assert sum(numbers[:-1]) == numbers[-1]
    found = [sum(int(cell or 0) for cell in row[1:-1]) for row in rows]
    assert found == [int(row[-1]) for row in rows]


def test_the_rows_say_what_the_rules_do(profile):
    rows = {row[0]: row for row in attribute_rows(profile)}
    assert rows["(0010,0010)"][3:5] == ("P", "=")
    assert rows["(0008,1030)"][2:4] == ("X", "C")
    assert rows["(0008,0080)"][3] == "X (nested D)"
    assert rows["(60xx,3000)"][3] == "C"
    assert rows["gggg odd"][3] == "X, or by the list below"


def test_every_content_item_of_the_table_is_stated(profile):
    rows = list(structured_rows(profile))
    assert len(rows) > 200
    assert all(row[-1] for row in rows)
    assert next(row for row in rows if row[0] == "121032 DCM")[-1] in {"K", "C", "X", "D"}


def test_only_what_is_chosen_is_claimed(profile):
    text = statement(profile)
    for name, option in OPTIONS.items():
        chosen = "yes" if name in profile.options else "no"
        assert f"| {option.code} | {option.meaning} | {option.clause} | {chosen} |" in text
    assert "* **Clean Descriptors.**" in text
    assert "* **Full Dates.**" not in text


def test_a_profile_without_options_states_none():
    source = 'extends = "mammography"\nname = "bare"\nversion = "1"\noptions = ["retain_uids"]\n'
    text = statement(read_profile(source, file="bare.toml"))
    assert "* **Clean Descriptors.**" not in text
    assert "## Private attributes that may stay" not in text
    assert "* **Private attributes** are removed, all of them." in text
    assert "`bare`" in text


@pytest.mark.parametrize("name", ["mammography", "general"])
def test_the_statement_is_whole_markdown(name):
    text = statement(load_profile(name))
    assert "<!--" not in text
    assert not re.search(r"\{\w+\}", text.replace("{1,", ""))
    widths = [
        (block.split("\n")[0], {line.count(" | ") for line in block.split("\n")})
        for block in text.strip().split("\n\n")
        if block.startswith("| ")
    ]
    assert len(widths) >= 7
    for head, seen in widths:
        assert len(seen) == 1, head


def test_every_tag_of_the_table_is_in_the_statement(profile):
    text = statement(profile)
    for row in table_rows():
        assert f"| {row['name']} |" in text
