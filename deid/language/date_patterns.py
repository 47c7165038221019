"""The forms of days, times and ages: the first eye's, of which the second eye has its own."""

from re import Match

from deid.language.pattern_rule import rule

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
# Edges of words, of which "_" is no letter
_B, _E = r"(?<![^\W_])", r"(?![^\W_])"
_MONTHS, _DAYS, _WEEKS, _YEARS_DAYS = 12, 31, 53, 366
_NOT_MEASURED = r"(?!\s?(?:mm|cm|m|ml|kv|mas|%|mgy|g|kg|s|ms|n|px|hz|mhz|st|bilder|images|views)\b)"
_OLD = r"0?(?:9\d|1[0-2]\d)"
_OLD_IN_WORDS = (
    "(?:nittio?(?:ett?|två|tre|fyra|fem|sex|sju|åtta|nio)?|(?:ett)?hundra(?:ett|två|tre|fyra|fem|sex)?"
    "|ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?)"
)
_YEARS = (
    "(?:år(?:s|ig|ing|iga|ingen|en)?|åring|ar(?:s|ig|ing|iga|ingen)?|aring|bast|y|y/?o|yrs?|years?)"
)
_SOMEBODY = (
    "(?:kvinna[nr]?|kvinnor|dam(?:en|er)?|man(?:nen)?|pat(?:ient(?:en)?)?|tant(?:en)?|woman"
    "|female|lady)"
)
_BORN = "(?:19)?[0-8]\\d"
_FRACTIONS = frozenset({"1/2", "1/3", "2/3", "1/4", "3/4", "1/5", "1/8", "1/10"})
_WEEKDAY = "(?:må?n|ti?s|ons|tors?|fre|lör|sön)(?:dag(?:en)?)?|idag|imorgon|igår"
_VISIT = (
    "kontroll|besök(?:et)?|återbesök|tid(?:en)?|op(?:ererad|eration)?|undersök(?:t|ning)|us|mammografi"
    "|biopsi|biopserad|inför|svar|bokad|ombokad|kallad|avbokad|ring|ankomst|inkom|utförd|tagna?|inlagd"
    "|utskriven|mellan|före|efter|planerad|senast|den|d\\.|from|fr\\.?o\\.?m\\.?|t\\.?o\\.?m\\.?"
    "|fom|tom|datum|till|sedan|från"
)


def _is_day(match: Match[str]) -> bool:
    """Tell a day and a month from a range of numbers, which ascends and has no zeros before."""
    first, second = match[1], match[2]
    if not any(1 <= int(m) <= _MONTHS and 1 <= int(d) <= _DAYS for d, m in _both(first, second)):
        return False
    return "0" in {first[0], second[0]} or (int(first) > max(int(second), _MONTHS))


def _both(one: str, other: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one, other), (other, one)


def _is_week(match: Match[str]) -> bool:
    return 1 <= int(match[1]) <= _WEEKS


def _is_day_of_year(match: Match[str]) -> bool:
    """Tell it from a day behind an operation or of a cycle."""
    return _DAYS < int(match[1]) <= _YEARS_DAYS


def _has_zeros(match: Match[str]) -> bool:
    """Tell numbers of a date from measures, which have no zeros before them."""
    return "0" in {match["month"][0], match["day"][0]}


def _is_no_fraction(match: Match[str]) -> bool:
    return match[1] not in _FRACTIONS


SURE_DATES = (
    rule(
        "date",
        rf"(?<!\d){_YEAR}([-/.]?){_TWO_MON}\1{_TWO_DAY}(?!\d)(?:T\d\d:?\d\d[\d:.Z+]*)?",
        least=8,
    ),
    rule("date", rf"(?<![\d.]){_DAY}[./-]{_MON}[./ -]{{1,2}}{_YEAR}(?!\d)", least=6),
    rule("date", rf"{_B}{_DAY}{_TH}[ -]?(?:of )?{_MONTH}\.?,?[ -]?(?:{_YEAR}|\d\d){_E}", least=3),
    rule("date", rf"{_B}{_MONTH}\.? {_DAY}(?:st|nd|rd|th)?,? {_YEAR}{_E}", least=5),
    rule("high age", rf"{_B}{_OLD}[ ]?[-–]?[ ]?{_YEARS}{_E}", least=2),
    rule("high age", rf"\b{_OLD_IN_WORDS}[ -]{{0,2}}{_YEARS}{_E}", least=0),
    rule(
        "high age",
        rf"{_B}(?:{_SOMEBODY}|ålder[ns]?|alder|aged?)(?:\sår)?[\s,:.=(-]{{1,3}}({_OLD})"
        rf"(?![^\W_]|[.,]\d){_NOT_MEASURED}",
        part=1,
        least=2,
    ),
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
        rf"{_B}(?:den\s)?{_DAY}{_TH}[ -]?(?:of )?{_MONTH}{_E}(?:[ -,]{{1,2}}\d{{2,4}}{_E})?",
    ),
    rule("date", rf"{_B}{_MONTH}\.?(?: -|[ '\u2019-]){{0,2}}(?:{_YEAR}|\d\d){_E}", least=2),
    rule("date", rf"{_B}{_SEASON}(?: -|[ '\u2019-]){{1,2}}({_YEAR}|\d\d){_E}", part=1, least=2),
    rule("date", rf"{_B}{_MONTH} {_DAY}(?:st|nd|rd|th)?{_E}"),
    # Without zeros before the month and the day, or with them only
    rule(
        "date",
        rf"(?<![\d.,]){_YEAR}[ ./-]{{1,2}}{_MON}[ ./-]{{1,2}}{_DAY}(?![.,]?\d){_NOT_MEASURED}",
        least=6,
    ),
    rule("date", rf"(?<![\d.,/-]){_DAY}-{_MON}-\d\d(?![.,-]?\d){_NOT_MEASURED}", least=4),
    rule(
        "date",
        rf"(?<![\d.,-])(?:{_TWO_MON} {_TWO_DAY}|{_TWO_DAY} {_TWO_MON}) \d\d(?![.,]?\d)"
        rf"{_NOT_MEASURED}",
        least=6,
    ),
    rule(
        "date",
        r"(?<!kl )(?<!kl\. )(?<![\d.,/+-])(\d\d)-(\d\d?)(?![.,/-]?\d)"
        rf"{_NOT_MEASURED}(?!\s?år)",
        least=3,
        needs="-",
        means=_is_day,
    ),
    # Parted by a word to look like measures
    rule(
        "date",
        rf"(?<!\d)(?:{_YEAR}|\d\d)\s?(?P<by>[^\W\d_]{{1,4}}|[×*])\s?(?P<month>{_MON})\s?(?P=by)\s?"
        rf"(?P<day>{_DAY})(?!\d)",
        least=5,
        means=_has_zeros,
    ),
    rule("date", rf"(?<![\d.,-]){_YEAR}-[0-3]\d\d(?![\d.,-])", least=7, needs="-"),
    rule(
        "week",
        rf"(?<!gravid )(?<!grav )(?<!graviditet )(?<!gravid i )(?<!\d )(?<![^\W_])"
        rf"(?:v|vecka|veckan|veckorna|week|wk)[\s.:]{{0,2}}(\d\d?)(?![^\W_]|[.,x×]\d)"
        rf"(?:\s?[-–/]\s?\d\d?(?![^\W_]))?{_NOT_MEASURED}",
        means=_is_week,
    ),
    rule("quarter", rf"{_B}(?:[QHK][1-4]|[1-4]Q)[ '/-]{{0,2}}(?:{_YEAR}|'\d\d){_E}", least=3),
    rule("quarter", rf"{_B}{_YEAR}[ -]?[QHK][1-4]{_E}", least=5),
    rule("quarter", rf"{_B}(?:kvartal|quarter)(?:et)?\s?[1-4](?: {_YEAR})?{_E}"),
    rule(
        "day of the year",
        rf"{_B}(?:dag(?:en)?|day|dygn)\s?(?:nr\.?\s)?(\d{{2,3}}){_E}{_NOT_MEASURED}",
        least=2,
        means=_is_day_of_year,
    ),
    rule(
        "date",
        rf"{_B}v(?:\.|ecka)?\s?\d{{1,2}}[ ,/-]{{1,2}}{_YEAR}{_E}"
        rf"|{_B}{_YEAR}\s?v\.?\s?\d{{1,2}}{_E}",
        least=5,
    ),
    rule(
        "date",
        rf"{_B}(?:{_VISIT}|{_WEEKDAY})[\s:,]{{1,2}}({_DAY}/{_MON})(?![\d/])",
        part=1,
        needs="/",
    ),
    rule(
        "date",
        r"(?<!bild )(?<!bilder )(?<!image )(?<!images )(?<!view )(?<!views )(?<!serie )(?<!series )"
        r"(?<!nr )(?<!del )(?<!sida )(?<!page )(?<!grad )(?<!poäng )(?<!score )(?<!plan )"
        r"(?<!ratio )"
        rf"(?<![\d/.,])({_DAY}/{_MON})(?![\d/]|\s?(?:mm|cm|delar|av|of|poäng|bilder|images|cyl){_E})",
        part=1,
        needs="/",
        means=_is_no_fraction,
    ),
    rule(
        "time of day",
        r"(?<![^\W_])(?:kl(?:ockan)?\.?\s?(?=\d))?(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\.\d+)?(?![^\W_])",
        least=3,
        needs=":",
    ),
    rule(
        "time of day",
        r"(?<![^\W_])kl(?:ockan)?\.?\s?(?:[01]?\d|2[0-3])\.[0-5]\d(?![^\W_])",
        least=3,
    ),
    rule(
        "time of day",
        rf"{_B}(?:{_VISIT}|{_WEEKDAY}|f\.?m|e\.?m|at)[\s:,.]{{1,2}}((?:[01]?\d|2[0-3])\.[0-5]\d"
        r"(?:\s?[-–]\s?\d\d?(?:\.[0-5]\d)?)?)(?![\d.,]|\s?(?:mm|cm|m|ml|kv|mas|%|mgy|år|mån)(?![^\W_]))",
        part=1,
        least=3,
        needs=".",
    ),
    rule(
        "time of day",
        r"(?<![\d.,])(?:[01]?\d|2[0-3])\.[0-5]\d\s?[-–]\s?(?:[01]?\d|2[0-3])(?:\.[0-5]\d)"
        r"(?![\d.,]|\s?(?:mm|cm|m|ml|kv|mas|%|mgy)(?![^\W_]))",
        least=5,
        needs=".",
    ),
    rule(
        "year of birth",
        r"(?<![^\W_])(?:född(?:\s?år)?|födelseår|born|dob|yob)[\s.:-]*(\d{2,4})(?![^\W_])",
        part=1,
        least=2,
    ),
    rule(
        "year of birth",
        r"(?<![\w.])f[\s.-]{1,2}((?:19|20)?\d\d)(?![^\W_])(?!\s?(?:mm|cm))",
        part=1,
        least=2,
    ),
    rule(
        "year of birth",
        rf"{_B}{_SOMEBODY}\s(?:född\s)?(?:från|av|årgång)\s(?:årgång\s)?({_BORN}){_E}"
        rf"{_NOT_MEASURED}",
        part=1,
        least=2,
    ),
    rule(
        "year of birth",
        rf"{_B}(?:årgång(?:en)?|årg\.?|årskull)\s['\u2019-]?({_BORN}){_E}",
        part=1,
        least=2,
    ),
    rule(
        "year of birth",
        rf"{_B}(?:året|år|från|sedan|kull(?:en)?|year)\s(19[0-8]\d){_E}{_NOT_MEASURED}",
        part=1,
        least=4,
    ),
    # Of those who were examined as long as images are digital, and of nobody's operation
    rule("year of birth", rf"(?<![\w.,/-])19[0-6]\d(?![\w/-]|[.,]\d){_NOT_MEASURED}", least=4),
)
