"""What the search bench asks: everything that can be asked, from what is common to nothing at all.

It stands apart from the code that answers, and was written down before anything was measured.
`deep` is how far into the handles a page begins: its cursor is one that the catalogue would give.
"""

from typing import Any

MIX: dict[str, tuple[dict[str, Any], ...]] = {
    "everything": ({}, {"limit": 200}, {"companions": "false"}),
    "common": (
        {"view": "MLO", "laterality": "L"},
        {"vendor": "HOLOGIC"},
        {"kind": "DBT"},
        {"age_band": "50-54"},
        {"holder": "holder-1"},
        {"exam_year_from": 2018, "exam_year_to": 2022},
        {"laterality_agrees": "true"},
        {"kind": "CAD_SR"},
    ),
    "rare": (
        {"vendor": "PLANMED"},
        {"kind": "FILM"},
        {"view": "SPECIMEN"},
        {"flag": "nearly empty"},
        {"laterality_agrees": "false"},
        {"flag": "saturated"},
    ),
    "some of each": (
        {"vendor": "PLANMED", "age_band": "40-44", "view": "CC"},
        {"kind": "DBT", "exam_year_from": 2020, "exam_year_to": 2022},
        {"exam_year_from": 2015, "exam_year_to": 2015, "holder": "holder-3"},
        {"holder": "holder-20", "vendor": "PLANMED", "kind": "DBT"},
        {"companions": "false", "view": "CC", "age_band": "65-69"},
        {"flag": "nearly empty", "vendor": "SIEMENS"},
        {"flag": "saturated", "kind": "DBT", "holder": "holder-4"},
        {"holder": "holder-1", "laterality_agrees": "false", "exam_year_from": 2022},
        {
            "view": "MLO",
            "laterality": "R",
            "vendor": "GE",
            "kind": "FFDM",
            "age_band": "70-74",
            "exam_year_from": 2012,
            "exam_year_to": 2019,
        },
        {
            "view": "CC",
            "laterality": "L",
            "vendor": "HOLOGIC",
            "kind": "DBT",
            "age_band": "45-49",
            "exam_year_from": 2019,
            "exam_year_to": 2020,
            "holder": "holder-2",
            "flag": "saturated",
            "laterality_agrees": "true",
        },
    ),
    "common apart, rare together": (
        *({"vendor": "HOLOGIC", "holder": f"holder-{number}"} for number in (1, 2, 5, 8)),
        *({"vendor": "SIEMENS", "holder": f"holder-{number}"} for number in (1, 4, 6, 9)),
        {"vendor": "HOLOGIC", "holder": "holder-1", "exam_year_from": 2017},
        {"vendor": "GE", "holder": "holder-2", "exam_year_from": 2014, "exam_year_to": 2018},
        {"kind": "DBT", "exam_year_to": 2014},
        {"kind": "FILM", "exam_year_from": 2020},
        {"kind": "FFDM", "vendor": "ICAD"},
        {"kind": "CAD_SR", "view": "MLO"},
        {"flag": "saturated", "laterality_agrees": "false"},
    ),
    "nothing": (
        {"vendor": "NOBODY"},
        {"holder": "holder-77"},
        {"age_band": "10-14"},
        {"kind": "SEG", "companions": "false"},
        {"flag": "dates disagree"},
        {"view": "SPECIMEN", "kind": "FILM", "age_band": "35-39", "holder": "holder-7"},
    ),
    "deep": (
        {"deep": 0.5},
        {"deep": 0.9, "vendor": "SIEMENS", "view": "CC"},
        {"deep": 0.9, "kind": "FILM"},
        {"deep": 0.99, "flag": "nearly empty"},
        {"deep": 0.999, "age_band": "50-54", "exam_year_from": 2020},
        {"deep": 0.7, "holder": "holder-9", "exam_year_from": 2011, "exam_year_to": 2011},
    ),
}


def begun(wanted: dict[str, Any]) -> dict[str, Any]:
    """Turn how deep a page lies into its cursor."""
    from access_api.studies import SearchParameters
    from catalog.cursors import write_cursor

    asked = {name: value for name, value in wanted.items() if name != "deep"}
    if "deep" in wanted:
        after = f"{int(wanted['deep'] * 16**8):08x}".ljust(32, "0")
        asked["cursor"] = write_cursor(after, SearchParameters(**asked).query())
    return asked
