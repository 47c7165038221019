"""From a clean image to all that is derived of it, whatever the image."""

import io
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from deid.derived.derive import Derived, derive
from deid.derived.facts import Flag
from deid.errors import SuspectError, UnreadableError
from tests import companions, objects
from tests.deid.breasts import PHANTOMS, dice, outline, presented
from tests.deid.headers import SUBKEYS, mammogram, written
from tests.deid.pictures import film_bytes, native
from tests.deid.test_purity import Watch
from tests.objects import part10


def derived(data: bytes) -> Derived:
    made = derive(io.BytesIO(data), subkeys=SUBKEYS)
    assert made is not None
    return made


def test_what_is_no_image_of_a_breast_gives_nothing() -> None:
    images = [objects.mammogram()]
    others = [*companions.every(images), objects.ultrasound(), objects.encapsulated_pdf()]
    for other in others:
        assert derive(io.BytesIO(part10(other)), subkeys=SUBKEYS) is None


@pytest.mark.parametrize("modality", ["MG", "CT"])
def test_tomosynthesis_stored_as_another_class_is_known_by_its_modality(modality: str) -> None:
    data = native(presented(outline())[::4, ::4].copy(), Modality=modality, BitsStored=12)
    data = data.replace(b"1.2.840.10008.5.1.4.1.1.1.2\0", b"1.2.840.10008.5.1.4.1.1.2\0\0\0")
    made = derive(io.BytesIO(data), subkeys=SUBKEYS)
    assert (made is None) == (modality == "CT")


def test_facts_are_of_the_middle_frame() -> None:
    empty, full = np.zeros((256, 192), np.uint16), objects.phantom(bits=14)
    for place in range(3):
        frames = [empty] * 3
        frames[place] = full
        made = derived(part10(objects.tomosynthesis(pixels=frames)))
        assert (made.facts.breast_share > 0.3) == (place == 1)


class Counting(io.BytesIO):
    """Remembers how much was read in one go."""

    longest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.longest = max(self.longest, len(data))
        return data


def test_one_frame_of_many_is_read() -> None:
    frames = [objects.phantom(512, 384, bits=14)] * 20
    reader = Counting(part10(objects.tomosynthesis(pixels=frames)))
    derive(reader, subkeys=SUBKEYS)
    assert reader.longest <= frames[0].nbytes


def test_implicit_and_explicit_say_the_same() -> None:
    made = mammogram(
        Rows=256, Columns=192, PixelData=(objects.phantom() >> 4).astype("<u2").tobytes()
    )
    one, other = (
        derived(written(made, syntax))
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    )
    assert one.objects == other.objects
    assert one.previews == other.previews


def test_derived_of_derived_is_nothing() -> None:
    for it in derived(film_bytes("1-130")).objects:
        assert derive(io.BytesIO(it.data), subkeys=SUBKEYS) is None


def test_mask_and_area_say_the_same_of_a_film() -> None:
    made = derived(film_bytes("1-131"))
    mask = dcmread(io.BytesIO(made.objects[0].data)).pixel_array
    assert mask.mean() == pytest.approx(made.facts.breast_share)
    assert len(made.objects[0].data) < 20_000


# ---- whatever the image ------------------------------------------------------------------

ODD: dict[str, dict[str, Any]] = {
    "nothing more": {},
    "no number in spacing": {"ImagerPixelSpacing": ["0.07", ""]},
    "padding": {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 9},
    "orientation of one": {"PatientOrientation": "A"},
    "window of nothing": {"WindowCenter": "", "WindowWidth": ""},
    "empty groups": {"SharedFunctionalGroupsSequence": []},
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.integers(1, 90),
    columns=st.integers(1, 90),
    kind=st.sampled_from(["u1", "<u2", "<i2"]),
    fill=st.sampled_from(["black", "white", "noise", "one", "half"]),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    intent=st.sampled_from(["FOR PROCESSING", "FOR PRESENTATION", ""]),
    odd=st.sampled_from(sorted(ODD)),
    seed=st.integers(0, 99),
)
def test_any_image_gives_something(
    rows: int,
    columns: int,
    kind: str,
    fill: str,
    photometric: str,
    intent: str,
    odd: str,
    seed: int,
) -> None:
    limits = np.iinfo(kind)
    picture = np.full((rows, columns), limits.max if fill == "white" else limits.min, kind)
    if fill == "noise":
        picture = np.random.default_rng(seed).integers(
            limits.min, limits.max, picture.shape, kind, endpoint=True
        )
    if fill == "one":
        picture[seed % rows, seed % columns] = limits.max
    if fill == "half":
        picture[:, : columns // 2] = limits.max // 2
    changes = {k: v for k, v in ODD[odd].items() if kind != "<i2" or "Padding" not in k}
    made = derived(
        native(
            picture,
            Modality="MG",
            PhotometricInterpretation=photometric,
            PresentationIntentType=intent,
            **changes,
        )
    )
    facts = made.facts
    assert 0 <= facts.breast_share <= 1
    assert 0 <= facts.saturated_share <= 1
    assert set(facts.flags) <= set(Flag)
    assert [it.size for it in made.previews] == [1024, 512, 256]
    assert {(it.width, it.height) for it in made.previews} == {(columns, rows)}
    assert made.objects[-1].kind == "SR"
    if fill in {"black", "white"}:
        assert facts.flags
        assert facts.laterality == ""


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
def test_sizes_that_no_factor_divides(factor: int) -> None:
    phantom = PHANTOMS["cranio-caudal"]()
    rows, columns = (side * factor + 7 for side in phantom.values.shape)
    y, x = (np.arange(side) // factor for side in (rows, columns))
    y, x = y.clip(max=phantom.values.shape[0] - 1), x.clip(max=phantom.values.shape[1] - 1)
    data = native(phantom.values[np.ix_(y, x)], BitsStored=12, Modality="MG")
    made = derived(data)
    mask = dcmread(io.BytesIO(made.objects[0].data)).pixel_array
    assert mask.shape == (rows, columns)
    assert dice(mask, phantom.mask[np.ix_(y, x)]) > 0.99


def test_what_cannot_be_read_is_said() -> None:
    whole = part10(objects.mammogram())
    with pytest.raises(UnreadableError):
        derive(io.BytesIO(whole[:-5000]), subkeys=SUBKEYS)
    with pytest.raises(UnreadableError):
        derive(io.BytesIO(b"no DICOM"), subkeys=SUBKEYS)
    loose = native(np.full((8, 8), 0xFFF0, np.uint16), BitsStored=12, Modality="MG")
    with pytest.raises(SuspectError):
        derive(io.BytesIO(loose), subkeys=SUBKEYS)


def test_nothing_is_touched() -> None:
    data = part10(objects.tomosynthesis())
    derived(data)  # loads what is loaded once
    hook = Watch()
    sys.addaudithook(hook)
    with hook:
        derived(data)
    assert hook.seen == []
