"""What an order by criteria asks for, in the closed words of the search; judged of one object.

Region and hub judge by this same function what comes under an order: in the region before bytes
leave it, at the hub before anything is entered (EHDS Art. 66(1)). Of what pixels tell (`flag`,
`laterality_agrees`) it says nothing: that is measured after, and the freeze of a release asks it.
"""

from catalog.applications.cohort import Cohort
from catalog.records import Instance
from catalog.vocabulary import COMPANIONS


def wants(asked: Cohort, found: Instance) -> bool:
    """Tell whether criteria ask for an object, as `catalog.search` would find it."""
    pairs = (
        (asked.view, found.view),
        (asked.laterality, found.laterality),
        (asked.vendor, found.vendor),
        (asked.kind, found.kind),
        (asked.age_band, found.age_band),
    )
    if any(wanted is not None and wanted != said for wanted, said in pairs):
        return False
    if not asked.companions and found.kind in COMPANIONS:
        return False
    return _is_of_years(asked, found.exam_year)


def _is_of_years(asked: Cohort, year: int | None) -> bool:
    """Tell whether an examination is of the years; one of no known year is of none."""
    first, last = asked.exam_year_from, asked.exam_year_to
    if year is None:
        return first is None and last is None
    return (first is None or first <= year) and (last is None or year <= last)
