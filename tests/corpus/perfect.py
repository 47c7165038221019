"""The hand-made answer: what a clean file would be for one who knows the key, and little more."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from pydicom import dcmread, dcmwrite
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset

from tests.corpus.claims import STANDARD
from tests.corpus.judging import EXACT
from tests.corpus.key import Action, Answer
from tests.corpus.lists import sections
from tests.corpus.objects import code, dataset
from tests.corpus.paths import find, of_concept, put
from tests.corpus.reading import as_it_is

Kept = Mapping[str, tuple[str, ...] | None]


def perfect(path: Path, answer: Answer, *, late: bool = False) -> bytes:
    """De-identify a file by its answers; `late`: with dates a week out of step."""
    with as_it_is():
        made = dcmread(path)
        result = Dataset()
        result.file_meta = FileMetaDataset()
        result.file_meta.TransferSyntaxUID = made.file_meta.TransferSyntaxUID
        result.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
        result.file_meta.MediaStorageSOPInstanceUID = _uid(made.SOPInstanceUID)
        days = (21 if answer.woman % 2 else -70) + late * 7
        kept = _kept(answer)
        _copy(made, result, "", kept, days)
        for where in (place for place in kept if ":" in place):
            _keep(result, where, find(made, where), kept[where])
        for concept, words in _concepts(answer):
            assert any(True for _ in of_concept(made, concept))
            said = dataset(TextValue=" ".join(words))
            said.ConceptNameCodeSequence = [code(concept, "DCM", "")]
            result.ContentSequence = [*(result.get("ContentSequence") or ()), said]
        result.PatientID = result.PatientName = f"WOMAN{answer.woman}"
        result.SpecificCharacterSet = "ISO_IR 192"
        buffer = BytesIO()
        dcmwrite(buffer, result, enforce_file_format=True)
        return buffer.getvalue()


def _uid(original: str) -> str:
    return f"2.25.{int.from_bytes(sha256(str(original).encode()).digest()[:14], 'big')}"


def _kept(answer: Answer) -> Kept:
    """Give the places that must stay, and with what words if not as they are."""
    return {
        check.where: None if check.category in EXACT else check.literals
        for check in answer.checks
        if check.action is Action.TEXT_RETAINED and not check.where.startswith("sr:")
    }


def _concepts(answer: Answer) -> Iterator[tuple[str, tuple[str, ...]]]:
    for check in answer.checks:
        if check.where.startswith("sr:") and check.action is not Action.TEXT_REMOVED:
            yield check.where[3:], check.literals


def _keep(
    result: Dataset, where: str, element: DataElement | None, words: tuple[str, ...] | None
) -> None:
    assert element is not None
    put(result, where, element.value if words is None else " ".join(words), element.VR)


def _copy(made: Dataset, result: Dataset, before: str, kept: Kept, days: int) -> None:
    for element in made:
        where = f"{before}{int(element.tag):08X}"
        if element.tag.is_private:
            continue
        if where in kept:
            _keep(result, where.rsplit("/", 1)[-1], element, kept[where])
        elif element.VR == "SQ":
            items = [Dataset() for _ in element.value]
            for number, (old, new) in enumerate(zip(element.value, items, strict=True)):
                _copy(old, new, f"{where}/{number}/", kept, days)
            result.add_new(element.tag, "SQ", items)
        else:
            _change(result, element, where, days)


def _change(result: Dataset, element: DataElement, where: str, days: int) -> None:
    if element.VR == "UI" and element.value:
        many = [element.value] if isinstance(element.value, str) else list(element.value)
        new = [one if str(one).startswith(STANDARD) else _uid(one) for one in many]
        result.add_new(element.tag, "UI", new)
    elif element.keyword in sections("keywords.txt")["type 2"]:
        result.add_new(element.tag, element.VR, "")
    elif element.VR in {"DA", "DT"}:
        _shift(result, element, days)
    elif element.keyword == "PixelData":
        result[element.tag] = element


def _shift(result: Dataset, element: DataElement, days: int) -> None:
    text = str(element.value)
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + timedelta(days=days)
    except ValueError:
        return
    result.add_new(element.tag, element.VR, f"{day:%Y%m%d}" + text[8:])
