"""What letters and digits written as one may be, and still be harmless."""

from re import IGNORECASE
from re import compile as compile_pattern

TOKEN = compile_pattern("[^\\W_]+(?:['\u2019\u00b4`][^\\W\\d_]+)*")
_UNITS = (
    "mm[23]?|cm[23]?|m[23]?|dm|ml|cl|dl|l|kv|kvp|mas|ma|ms|s|sek|min|h|tim|dgr|d|v|mån|man|år|ar"
    "|n|dan|kg|g|mg|gy|mgy|[µu]gy|mhz|khz|hz|px|x|st|gr|grader|grad|deg|ggr|t|pm|am|p|a|e|proj|plan"
    "|bilder|views?|yo|y|th|nd|rd"
)
_CODES = tuple(
    compile_pattern(form, IGNORECASE)
    for form in (
        rf"\d{{1,4}}(?:{_UNITS})",
        r"(?:mm|cm|m)[23]",
        r"\d{1,2}[a-fx]",
        r"[a-z]\d{1,2}[a-d]?",
        # ICD-10 without its point; codes of procedures on breasts (KVÅ)
        r"[cdnrz]\d{3}[a-z]?|ha[a-f]\d{2}",
        # TNM, also as one word
        r"[cpy]{0,2}t(?:\d|is|x)[a-d]?(?:mic?|is)?(?:n[0-3x][a-c]?(?:mi|sn)?)?(?:m[01x])?",
        r"[cpy]{0,2}n[0-3x][a-c]?(?:mi|sn)?(?:m[01x])?|[cp]?m[01x]",
        r"\d{1,4}(?:x\d{1,4}){1,3}(?:mm|cm)?",
        r"x\d{1,3}",
    )
)
_LETTERS_DIGITS = compile_pattern(r"(?P<word>[^\W\d_]{2,})[1-9]\d?[a-d]?")
_DIGITS_LETTERS = compile_pattern(r"[1-9]\d?(?P<word>[^\W\d_]{2,})")
_HUMP = compile_pattern(r"(?<=[a-zåäö])(?=[A-ZÅÄÖ])|(?<=[A-ZÅÄÖ])(?=[A-ZÅÄÖ][a-zåäö]{2})")


def is_code(word: str) -> bool:
    """Tell whether letters and digits in one are a measure, a class or a code of a disease."""
    return any(form.fullmatch(word) for form in _CODES)


def word_of(word: str) -> str:
    """Give the word that is written as one with a short number: "acr2", "2plan"; else nothing."""
    match = _LETTERS_DIGITS.fullmatch(word) or _DIGITS_LETTERS.fullmatch(word)
    return match["word"] if match else ""


def humps(word: str) -> list[str]:
    """Split a word where small letters are followed by a large one: "AutoContrast"."""
    return _HUMP.split(word)
