"""Make plain text of what systems write into text attributes: RTF, HTML, and letters in disguise.

Words must not hide in halves: a name cut by a tag, by a soft hyphen or by a character without width
is one word again, and full-width or accented-by-combination letters are what they look like.
"""

from html import unescape
from re import IGNORECASE, Match
from re import compile as compile_pattern
from unicodedata import category, normalize

# Printable Latin-1, the other letters of Swedish and its neighbours' keyboards, common marks
_USUAL = compile_pattern(
    "[\t\n\r -~\u00a1-\u00ac\u00ae-\u017f\u2013\u2014\u2018-\u201e\u2022\u2026"
    "\u2192\u2212\u2248\u2264\u2265\u03bc\u20ac]*"
)
_RTF = compile_pattern(r"\s*\{\\rtf")
_RTF_TOKEN = compile_pattern(
    r"\\'(?P<byte>[0-9a-f]{2})|\\u(?P<unicode>-?\d+)\s?\??|\\(?P<word>[a-z]+)(?P<number>-?\d+)?\s?"
    r"|\\(?P<mark>[^a-z])|(?P<group>[{}])|(?P<text>[^\\{}\r\n]+|[\r\n])",
    IGNORECASE,
)
_RTF_BREAKS = {"par": "\n", "line": "\n", "row": "\n", "tab": "\t", "cell": "\t", "emdash": "—"}
_RTF_SILENT = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "info", "pict", "generator", "header", "footer", "object"}
)
_TAG = compile_pattern(
    r"<!--(?:(?!<!--).)*?-->|</?(?P<name>[a-z][a-z0-9]*)\b[^<>]*>|<[!?][^<>]*>", IGNORECASE
)
_BREAKING = frozenset(
    [
        "address",
        "article",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ]
)
_CELLS = frozenset({"td", "th"})
_ENTITY = compile_pattern(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", IGNORECASE)
# As in addresses of pages: printable ASCII, or the first byte of two
_PERCENT = compile_pattern("%(?:[2-7][0-9A-Fa-f]|[C-Fc-f][0-9A-Fa-f]%[89ABab])")
_ENCODED = compile_pattern(b"%([0-9A-Fa-f]{2})")
_WIDE = 0x110000


def plain_text(text: str) -> str:
    """Give the text itself, without markup and without characters that hide something."""
    if "{" in text and _RTF.match(text):
        text = _from_rtf(text)
    if "&" in text:
        text = _ENTITY.sub(lambda match: unescape(match[0]), text)
    if "%" in text and _PERCENT.search(text):
        data = _ENCODED.sub(lambda match: bytes.fromhex(match[1].decode()), text.encode())
        text = data.decode("utf-8", "replace")
    if "<" in text and _TAG.search(text):
        text = _TAG.sub(_instead, text).strip()
    return text if _USUAL.fullmatch(text) else _undisguised(text)


def _instead(tag: Match[str]) -> str:
    name = (tag["name"] or "").lower()
    if name in _CELLS:
        return "\t"
    return "\n" if name in _BREAKING else ""


def _undisguised(text: str) -> str:
    """Fold compatible characters (NFKC) and drop what cannot be seen.

    A combined letter of Unicode's own, such as å, stays; marks that make none are dropped.
    """
    found: list[str] = []
    for char in normalize("NFKC", text):
        kind = category(char)
        if char in "\t\n\r":
            found.append(char)
        elif kind == "Cc":
            found.append(" ")
        elif kind in {"Zs", "Zl", "Zp"}:
            found.append("\n" if kind != "Zs" else " ")
        elif kind[0] not in "CM":
            found.append("/" if char == "\u2044" else char)
    return "".join(found)


def _from_rtf(text: str) -> str:
    """Give the words of a text in Rich Text Format (1.9, as far as reporting systems use it)."""
    out: list[str] = []
    silent: list[bool] = [False]
    for token in _RTF_TOKEN.finditer(text):
        if token["group"] == "{":
            silent.append(silent[-1])
        elif token["group"] == "}":
            silent.pop()
            silent = silent or [False]
        elif token["mark"] == "*" or (token["word"] or "").lower() in _RTF_SILENT:
            silent[-1] = True
        elif not silent[-1]:
            out.append(_written(token))
    return "".join(out).strip()


def _written(token: Match[str]) -> str:
    """Give what one token of RTF writes."""
    if token["byte"]:
        return bytes.fromhex(token["byte"]).decode("cp1252", "replace")
    if token["unicode"]:
        code = int(token["unicode"])
        code = code + 0x10000 if code < 0 else code
        return chr(code) if 0 < code < _WIDE and not 0xD800 <= code < 0xE000 else ""  # noqa: PLR2004 -- surrogates
    if token["word"]:
        return _RTF_BREAKS.get(token["word"].lower(), "")
    if token["mark"]:
        return {"~": " ", "_": "-", "-": ""}.get(token["mark"], token["mark"])
    return "" if token["text"] in "\r\n" else token["text"]
