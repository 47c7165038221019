"""The forms of days, times and ages: the first eye's, of which the second eye has its own."""

from re import Match

from deid.pattern_rule import rule

_MONTH = (
    "(?:jan|feb|mar|apr|maj|may|jun|jul|aug|sept?|okt|oct|nov|dec|januari|februari|mars|april|juni"
    "|juli|augusti|september|oktober|november|december|january|february|march|june|july|august"
    "|october)"
)
_SEASON = "(?:vår(?:en)?|sommar(?:en)?|höst(?:en)?|vinter(?:n)?|spring|summer|autumn|winter)"
_YEAR = r"(?:19|20)\d\d"
_DAY, _MON = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_TWO_DAY, _TWO_MON = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
_TH = r"(?:\.|:[ae]|st|nd|rd|th)?"
_NOT_MEASURED = r"(?!\s?(?:mm|cm|m|ml|kv|mas|%|mgy)\b)"


_ORDINAL = (
    "(?:(?:tjugo|trettio)?(?:första|andra|tredje|fjärde|femte|sjätte|sjunde|åttonde|nionde)|tionde"
    "|elfte|tolfte|(?:tret|fjor|fem|sex|sjut|ar|nit)tonde|tjugonde|trettionde"
    "|(?:twenty-?|thirty-?)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|tenth"
    "|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|thirtieth)"
)
_FRACTIONS = frozenset({"1/2", "1/3", "2/3", "1/4", "3/4", "1/5", "1/8", "1/10"})
_WEEKDAY = "(?:må?n|ti?s|ons|tors?|fre|lör|sön)(?:dag(?:en)?)?|idag|imorgon|igår"
_VISIT = (
    "kontroll|besök(?:et)?|återbesök|tid(?:en)?|op(?:ererad|eration)?|undersök(?:t|ning)|us|mammografi"
    "|biopsi|biopserad|inför|svar|bokad|ombokad|kallad|avbokad|ring|ankomst|inkom|utförd|tagna?|inlagd"
    "|utskriven|mellan|före|efter|planerad|senast|den|d\\.|from|fr\\.?o\\.?m\\.?|t\\.?o\\.?m\\.?"
    "|fom|tom|datum|till|sedan|från"
)


def _is_no_fraction(match: Match[str]) -> bool:
    return match[1] not in _FRACTIONS


SURE_DATES = (
    rule(
        "date",
        rf"(?<!\d){_YEAR}([-/.]?){_TWO_MON}\1{_TWO_DAY}(?!\d)(?:T\d\d:?\d\d[\d:.Z+]*)?",
        least=8,
    ),
    rule("date", rf"(?<![\d.]){_DAY}[./-]{_MON}[./ -]{{1,2}}{_YEAR}(?!\d)", least=6),
    rule("date", rf"\b{_DAY}{_TH}[ -]?(?:of )?{_MONTH}\.?,?[ -]?(?:{_YEAR}|\d\d)\b", least=3),
    rule("date", rf"\b{_MONTH}\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}\b", least=5),
)
OTHER_DATES = (
    rule(
        "date",
        rf"(?<!\d)(?:{_YEAR}-{_TWO_MON}(?![\d-])|\d\d([-./])[01]\d\1[0-3]\d(?!\d)){_NOT_MEASURED}",
        least=6,
    ),
    rule("date", rf"(?<![\d./]){_MON}/{_DAY}/(?:{_YEAR}|\d\d)(?!\d)", least=4, needs="/"),
    rule(
        "date",
        rf"(?<![\d.,]){_DAY}[./]{_MON}[./ -]{{1,2}}-?\d\d(?![\d.,]){_NOT_MEASURED}",
        least=4,
    ),
    rule("date", rf"(?<![\d.,-])\d\d {_TWO_MON} {_TWO_DAY}(?![.,]?\d){_NOT_MEASURED}", least=6),
    rule(
        "date",
        rf"\b(?:den\s)?{_DAY}{_TH}[ -]?(?:of )?{_MONTH}\b(?:[ -,]{{1,2}}\d{{2,4}}\b)?",
    ),
    rule("date", rf"\b{_MONTH}\.?(?: -|[ '\u2019-]){{0,2}}(?:{_YEAR}|\d\d)\b", least=2),
    rule("date", rf"\b{_SEASON}(?: -|[ '\u2019-]){{1,2}}({_YEAR}|\d\d)\b", part=1, least=2),
    rule("date", rf"\b{_MONTH} {_DAY}(?:st|nd|rd|th)?\b"),
    rule(
        "date",
        rf"\b(?:den\s|the\s)?{_ORDINAL}\s(?:of\s)?{_MONTH}\b(?:[ ,]{{1,2}}\d{{2,4}}\b)?",
        least=0,
    ),
    rule(
        "date",
        rf"\bv(?:\.|ecka)?\s?\d{{1,2}}[ ,/-]{{1,2}}{_YEAR}\b|\b{_YEAR}\s?v\.?\s?\d{{1,2}}\b",
        least=5,
    ),
    rule(
        "date",
        rf"\b(?:{_VISIT}|{_WEEKDAY})[\s:,]{{1,2}}({_DAY}/{_MON})(?![\d/])",
        part=1,
        needs="/",
    ),
    rule(
        "date",
        r"(?<!bild )(?<!bilder )(?<!image )(?<!images )(?<!view )(?<!views )(?<!serie )(?<!series )"
        r"(?<!nr )(?<!del )(?<!sida )(?<!page )(?<!grad )(?<!poäng )(?<!score )(?<!plan )"
        r"(?<!ratio )"
        rf"(?<![\d/.,])({_DAY}/{_MON})(?![\d/]|\s?(?:mm|cm|delar|av|of|poäng|bilder|images|cyl)\b)",
        part=1,
        needs="/",
        means=_is_no_fraction,
    ),
    rule(
        "time of day",
        r"\b(?:kl(?:ockan)?\.?\s?(?=\d))?(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\.\d+)?\b",
        least=3,
        needs=":",
    ),
    rule("time of day", r"\bkl(?:ockan)?\.?\s?(?:[01]?\d|2[0-3])\.[0-5]\d\b", least=3),
    rule(
        "time of day",
        rf"\b(?:{_VISIT}|{_WEEKDAY}|f\.?m|e\.?m|at)[\s:,.]{{1,2}}((?:[01]?\d|2[0-3])\.[0-5]\d"
        r"(?:\s?[-–]\s?\d\d?(?:\.[0-5]\d)?)?)(?![\d.,]|\s?(?:mm|cm|m|ml|kv|mas|%|mgy|år|mån)\b)",
        part=1,
        least=3,
        needs=".",
    ),
    rule(
        "time of day",
        r"(?<![\d.,])(?:[01]?\d|2[0-3])\.[0-5]\d\s?[-–]\s?(?:[01]?\d|2[0-3])(?:\.[0-5]\d)"
        r"(?![\d.,]|\s?(?:mm|cm|m|ml|kv|mas|%|mgy)\b)",
        least=5,
        needs=".",
    ),
    rule(
        "year of birth",
        r"\b(?:född(?:\s?år)?|födelseår|born|dob|yob)[\s.:-]*(\d{2,4})\b",
        part=1,
        least=2,
    ),
    rule(
        "year of birth",
        r"(?<![\w.])f[\s.-]{1,2}((?:19|20)?\d\d)\b(?!\s?(?:mm|cm))",
        part=1,
        least=2,
    ),
    rule(
        "high age",
        r"\b(?:9\d|1[0-2]\d)[ -]?(?:år(?:s|ig|ing|iga|ingen)?|åring|y/?o|yrs?|years?)\b",
        least=2,
    ),
)
