"""No text of a table is a formula, whoever wrote it, in whichever table."""

import pytest

from catalog.csv_cells import harmless
from catalog.tiers.cells import Examination, cells
from flows.release import k_report


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "\uff1d1"])
def test_what_begins_as_a_formula_is_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["", "a=b", "1", -1, None, 2.5])
def test_all_else_is_left(cell: object) -> None:
    assert harmless(cell) is cell


def test_a_modality_s_name_is_no_formula_in_the_k_report() -> None:
    one = Examination(1, "50-54", "2019", "h", {"HOLOGIC"}, {"=HYPERLINK(1)"})
    table = k_report.table(cells([one], ["model"]))
    assert table.splitlines()[1].startswith("'=HYPERLINK")
