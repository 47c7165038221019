"""The forms of what identifies somebody whoever she is: numbers, addresses and signatures.

This is the first eye's own knowledge; the second eye has other code (`deid.second_eye`).
What is of the rules in `SURE` identifies by its form alone; what is of `OTHER` and `SIGNS` may be
harmless, and is looked for only where every word must prove that it is.
"""

from re import MULTILINE, Match

from deid.language.date_patterns import OTHER_DATES, SURE_DATES
from deid.language.pattern_rule import rule

_MONTHS, _COORDINATION, _DAYS, _OCTETS = 12, 60, 31, 255

_LETTER = r"[^\W\d_]"
_WAY = (
    "(?i:gatan|vägen|vagen|gränden|gränd|stigen|torget|allén|allen|backen|gården|parken|kajen"
    "|hamnen|esplanaden|slingan|väg|gata|street|road|avenue|lane)"
)
_SURE_WAY = "(?i:gatan|vägen|gränden|stigen|torget|allén)"
_NO_WAY = "(?i:luft|gall|urin|mjölk|lymf|blod|andnings|nerv|tår)"
_HOUSE = r"\s\d{1,4}\s?[A-Z]?\b(?!\s?(?:mm|cm))"
_TELEPHONE = (
    r"växel(?:n)?|sök|snabbnr|kortnr|direktnr|tel(?:efon)?(?:nr|nummer)?|tfn|telnr|mobil(?:nr)?|mob"
    r"|fax|ankn(?:ytning)?|sökare|ring|anrop|phone|pager|call|portkod|swish|bankgiro|plusgiro|konto"
)
_NUMBERED = (
    r"(?:pnr|personnr|personnummer|persnr|reservnr|reservnummer|res\.?nr|samordningsnr|löpnr"
    r"|remissnr|remiss-?id|rem\.?nr|acc(?:ession)?(?:snr|\s?no|\s?number)?|journalnr|patnr|pat-?id"
    r"|patient-?id|undersöknings-?id|provnr|pad-?nr|serienr|orgnr|passnr|reg\.?nr|id(?:nr)?|lma"
    r"|hsa(?:-id)?|mrn|study\s?id|case\s?no|nr|no)"
)
_HERS = r"(?:pnr|pers(?:on)?n(?:umme)?r|reservn(?:umme)?r|res\.?nr|journalnr|patnr|mrn)"
_SIGNED = (
    r"(?:sign(?:\.|atur|ed|erat|erad)?|dikt(?:\.|erat|erad|ated)?|skrivet|skriven"
    r"|utskr(?:ivet|iven|\.)?|vid(?:i|imerat|imerad)|attest(?:erat|erad)?|inlagd|user|login"
    r"|anv(?:ändare|\.)?|operatör|tech|kontrasign(?:erat)?|ordination|operator)"
)
_NO_INITIALS = (
    "MR|MRI|US|UL|DT|CT|DBT|CAD|AI|PAD|SNB|BB|ROI|CC|MLO|ML|LM|FNA|VAB|CNB|ACR|BI|ST|ICD|SVF|MDK"
    "|DCIS|LCIS|HD|ER|PR"
)
_STATION = (
    "(?:rtg|röntgen|mam|mammo|mg|mgr|ul|us|lab|rum|room|rm|ws|pc|station|dator|aws|acq|scanner|dt|ct|mr"
    "|konsol|console|modalitet|apparat|lokal|sal|vagn)"
)


def check_digit(ten: str) -> bool:
    """Tell whether the last of ten digits is right (modulus 10, every other digit doubled)."""
    values = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(ten)))
    return not sum(sum(divmod(value, 10)) for value in values) % 10


def _is_personal(match: Match[str]) -> bool:
    """Tell whether here is a month, a day (or day + 60) and a right check digit."""
    day = int(match["day"])
    day -= _COORDINATION if day > _COORDINATION else 0
    if not (1 <= int(match["month"]) <= _MONTHS and 1 <= day <= _DAYS):
        return False
    return check_digit(match["year"] + match["month"] + match["day"] + match["last"])


def _is_reserve(match: Match[str]) -> bool:
    """Tell whether twelve characters are digits with a few letters among them."""
    digits = sum(map(str.isdigit, match[0]))
    return digits >= 9 and any(map(str.isalpha, match[0]))  # noqa: PLR2004 -- three letters at most


def _is_address(match: Match[str]) -> bool:
    """Tell four octets from a version of software: versions begin with small numbers.

    Of private networks 10.x.y.z is taken for one only if two more numbers are large.
    """
    first, *rest = map(int, match[0].split("."))
    if max(first, *rest) > _OCTETS:
        return False
    large = sum(part > 9 for part in rest)  # noqa: PLR2004 -- of two digits
    return first >= 100 or (first == 10 and large > 1)  # noqa: PLR2004 -- as said


def _is_blob(match: Match[str]) -> bool:
    text = match[0]
    mixed = any(map(str.isdigit, text)) and any(map(str.islower, text))
    return text.endswith("=") or (mixed and any(map(str.isupper, text)))


def _is_station(match: Match[str]) -> bool:
    """Tell a station from a series: its number is parted from its letters, or long."""
    return any(c in match[0] for c in "-_") or sum(map(str.isdigit, match[0])) > 1


def _is_long_number(match: Match[str]) -> bool:
    """Tell a number from what follows "nr" in a count, such as "bild nr 112"."""
    short = match[1].isdigit() and len(match[1]) <= 3  # noqa: PLR2004 -- a count
    return not short or match[0][:1] in "lL"


SURE = (
    rule(
        "personal identity number",
        r"(?<!\d)(?:1[89]|20)?(?P<year>\d\d)[-./ ]?(?P<month>\d\d)[-./ ]?(?P<day>\d\d)"
        r"\s?[-+/. ]?\s?(?P<last>\d{4})(?!\d)",
        least=10,
        means=_is_personal,
    ),
    # With its sign a number of that form is taken for one even if a digit is wrong
    rule(
        "personal identity number",
        r"(?<!\d)(?:1[89]|20)?\d\d[01]\d[0-9]\d\s?[-+]\s?\d{4}(?!\d)",
        least=10,
    ),
    # The regions' formats: a date or a serial number, with letters among the last four
    rule(
        "reserve number",
        r"(?<![^\W_])\d{8}[- ]?[A-Z0-9]{4}(?![^\W_])",
        least=9,
        means=_is_reserve,
    ),
    rule("reserve number", r"(?<![^\W_])TF[- ]?\d{5,10}(?!\d)", least=5),
    rule(
        "reserve number",
        r"(?<![^\W_])\d\d[01]\d[0-3]\d[- ](?=[A-Z]{1,3}\d|\d[A-Z]|\d\d[A-Z])[A-Z\d]{4}(?![^\W_])",
        least=6,
    ),
    rule("numbered", rf"\b{_HERS}[\s.:#]{{0,3}}((?:\d[ -]?){{4,}})", part=1, least=4),
    rule("reserve number", r"(?<!\d)99(?:19|2[0-2])\d{2}[- ]?\d{6}(?!\d)", least=12),
    rule("e-mail address", r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*", least=0, needs="@"),
    rule("web address", r"\b(?:https?|ftps?|file|dicom)://\S+", least=0, needs="/"),
    rule("web address", r"\bwww\.\S+", least=0, needs="."),
    rule(
        "web address",
        r"(?<![\w.-])(?:[\w-]+\.)+(?:se|com|org|net|nu|local|lan|intra|eu)(?![.-]{0,9}\w)",
        least=0,
        needs=".",
        flags=0,
    ),
    rule("file path", r"\b[A-Z]:[\\/]\S+|\\\\[\w.$-]+\\\S*", least=0, needs="\\"),
    rule("file path", r"\b[A-Z]:/\S+|(?<![\w.<])/(?:[\w.~-]+/)+[\w.~-]+", least=0, needs="/"),
    rule("user name", r"(?<![\w\\.-])[\w.-]+\\[\w.-]+", least=0, needs="\\"),
    rule("HSA-id", r"\bSE[- ]?\d{10}(?:[- ]?[A-Z0-9]{1,14})?\b", least=10),
    rule("organisation number", r"(?<![\d-])(?:16)?\d{2}[2-9]\d{3}-\d{4}(?![\d-])", least=10),
    rule("UUID", r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", needs="-"),
    rule("UID", r"(?<![\d.])(?:[0-2](?:\.\d+){6,}|2\.25\.\d{6,}|1\.2\.\d{3,}(?:\.\d+)+)", least=6),
    rule(
        "network address", r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", least=4, means=_is_address
    ),
    rule(
        "network address",
        r"(?<![\w:])(?:[0-9a-f]{1,4}:){1,7}(?::[0-9a-f]{1,4}){1,7}(?![\w:])",
        needs=":",
    ),
    rule(
        "telephone number",
        r"(?<![\w+])\+\s?\d{1,3}(?:[ -]?\(0\)[ -]?|[ -]?)\d(?:[- ]?\d){5,11}",
        least=7,
        needs="+",
    ),
    rule(
        "telephone number",
        r"(?<![\d.+-])0\d{1,3}\s?[-/]\s?\d{2,3}(?:\s?\d{2,3}){1,2}(?!\d)",
        least=7,
    ),
    rule("telephone number", r"(?<![\w.+-])07\d\d[- ]\d{3}(?![\d.])", least=7),
    rule("telephone number", r"(?<![\d.])07\d[- ]?\d{3}[- ]?\d{2}[- ]?\d{2}(?!\d)", least=10),
    rule("long number", r"(?<![\d.])\d{7,}(?![\d.])", least=7),
    rule("encoded bytes", r"(?<![^\W_])[A-Za-z0-9+/]{24,}={0,2}", least=0, flags=0, means=_is_blob),
    rule("postal code", r"\bSE?-\d{3}\s?\d{2}\b", least=5, needs="-"),
    rule("street", rf"\b(?!{_NO_WAY}){_LETTER}+{_SURE_WAY}{_HOUSE}", flags=0),
    *SURE_DATES,
)
OTHER = (
    *OTHER_DATES,
    rule(
        "station name",
        rf"(?<![\w-]){_STATION}[-_]?[A-Z]{{0,4}}[-_]?\d{{1,3}}(?![.,-]{{0,9}}\w)",
        means=_is_station,
    ),
    rule(
        "station name",
        r"(?<![\w-])(?!BI-)[A-ZÅÄÖ]{2,8}[-_][A-ZÅÄÖ]{2,8}[-_]?\d{1,4}(?![\w-])",
        least=1,
        flags=0,
    ),
    rule(
        "telephone number",
        rf"\b(?:{_TELEPHONE})[\s.:]{{0,3}}((?:\+|00)?\d(?:[\s()/.-]{{0,2}}\d){{2,14}})",
        part=1,
        least=3,
    ),
    rule(
        "numbered",
        rf"\b{_NUMBERED}[\s.:#]{{0,3}}((?=[^\s,;]{{0,64}}\d\D{{0,64}}\d)[^\W_][^\s,;]{{2,}}(?<![\s.)]))",
        part=1,
        least=2,
        means=_is_long_number,
    ),
    rule("post box", r"\b(?:box|postfack)\s\d{1,5}\b|\blgh\s(?:nr\s)?\d{2,4}\b"),
    rule("vehicle", r"\breg\.?\s?nr\.?:?\s?([A-ZÅÄÖ]{3}\s?\d\d[A-Z\d])", part=1, least=2),
    rule(
        "postal code",
        r"(?<![\d.,])\d{3} \d\d(?= [A-ZÅÄÖ][A-ZÅÄÖa-zåäö]{2,})",
        least=5,
        flags=0,
    ),
    rule("street", rf"\b(?!{_NO_WAY})(?=[A-ZÅÄÖ]){_LETTER}*{_WAY}{_HOUSE}", flags=0),
)
# Of these, what needs no digits
WORDED = tuple(row for row in OTHER if not row.least)
SIGNS = (
    rule(
        "signature",
        rf"\b(?i:{_SIGNED})(?:\s(?i:av|by))?[\s:./]{{1,3}}(?!(?i:av|by)\b)([A-ZÅÄÖ]{{1,4}})\b",
        part=1,
        least=0,
        flags=0,
    ),
    rule(
        "signature",
        r"\bsign(?:\.|atur|erat|erad)?\s?[:.]\s?([^\W\d_]{1,4})\.?\s*$",
        part=1,
        least=0,
    ),
    rule(
        "signature",
        rf"\b(?i:av|by|enl|ssk|läk)\s(?!(?:{_NO_INITIALS})\b)([A-ZÅÄÖ]{{2,4}})\b",
        part=1,
        least=0,
        flags=0,
    ),
    rule(
        "signature",
        r"(?:^|\s)/\s?([^\W\d_]{1,4})\.?\s*$",
        part=1,
        least=0,
        needs="/",
        flags=MULTILINE,
    ),
    rule(
        "signature",
        r"(?<![\w.])(?!U\.A|M\.M|P\.G)(?:[A-ZÅÄÖ]\.[ -]?){2,3}(?![\w])",
        least=0,
        needs=".",
        flags=0,
    ),
    rule("user name", r"\b(?:by|av|user|anv|login|operatör)[\s:.]{1,2}([^\W\d_]+\d+\w*)", part=1),
    rule("double surname", r"\bNatt\soch\sDag\b", least=0, flags=0),
    rule("care of", r"\bc/o\s(\S+)", part=1, least=0, needs="/"),
)
