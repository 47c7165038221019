from io import BytesIO

import cv2
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing
from pydicom.uid import JPEGBaseline8Bit

from deid.derived.facts import measure
from deid.derived.preview import Preview, make_previews
from deid.derived.shown import load_shown
from tests.deid.breasts import PHANTOMS, Array, outline, presented
from tests.deid.headers import dataset
from tests.deid.pictures import FILMS, encapsulated, film, film_bytes, native, opened

RAMP = np.tile(np.arange(256, dtype=np.uint16) * 16, (64, 1))


def previews(source: bytes) -> tuple[Preview, ...]:
    shown = load_shown(*opened(source))
    return make_previews(shown, measure(shown).breast)


def picture(preview: Preview) -> Array:
    decoded = cv2.imdecode(np.frombuffer(preview.data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return decoded


def seen(values: Array, **changes: object) -> Array:
    return picture(previews(native(values, **({"BitsStored": 12} | changes)))[0])


def chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        found.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return found


def test_sizes_and_what_is_in_them() -> None:
    made = previews(film_bytes("1-130"))
    assert [(it.size, it.width, it.height) for it in made] == [
        (1024, 662, 1024),
        (512, 331, 512),
        (256, 166, 256),
    ]
    for it in made:
        assert picture(it).shape == (it.height, it.width)
        assert set(chunks(it.data)) == {b"IHDR", b"IDAT", b"IEND"}


def test_small_images_are_not_enlarged() -> None:
    assert [(it.width, it.height) for it in previews(native(RAMP, BitsStored=12))] == [
        (256, 64)
    ] * 3


@pytest.mark.parametrize("name", [path.stem for path in FILMS][::3])
def test_a_film_is_seen_as_it_is_with_its_markers(name: str) -> None:
    shown = picture(previews(film_bytes(name))[1]).astype(float)
    size = (shown.shape[1], shown.shape[0])
    true = cv2.resize(film(name), size, interpolation=cv2.INTER_AREA).astype(float)
    inside = true > 3000
    assert np.corrcoef(shown[inside], true[inside])[0, 1] > 0.9
    half, top = size[0] // 2, slice(8, size[1] // 4)
    air = shown[top, half:] if shown[:, :20].mean() > shown[:, -20:].mean() else shown[top, :half]
    assert (air > 150).sum() > 30
    assert np.median(air) < 10


# ---- windows and tables ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"WindowCenter": 2048, "WindowWidth": 4096}, np.arange(256) * 16 / 4095),
        ({"WindowCenter": 2048, "WindowWidth": 1024}, (np.arange(256) * 16 - 1536) / 1023),
        ({"WindowCenter": [1024, 9], "WindowWidth": [2048, 9]}, np.arange(256) * 16 / 2047),
        (
            {"WindowCenter": 2000, "WindowWidth": 1000, "VOILUTFunction": "LINEAR_EXACT"},
            (np.arange(256) * 16 - 1500) / 1000,
        ),
        (
            {"WindowCenter": 2000, "WindowWidth": 1000, "VOILUTFunction": "SIGMOID"},
            1 / (1 + np.exp(-4 * (np.arange(256) * 16 - 2000) / 1000)),
        ),
        (
            {
                "RescaleSlope": "0.5",
                "RescaleIntercept": "-100",
                "WindowCenter": 500,
                "WindowWidth": 1000,
            },
            (np.arange(256) * 8 - 100) / 999,
        ),
    ],
)
def test_windows(elements: dict, expected: Array) -> None:
    wanted = np.clip(expected, 0, 1) * 255
    assert np.abs(seen(RAMP, **elements)[10] - wanted).max() <= 1
    inverse = seen(RAMP, **elements, PhotometricInterpretation="MONOCHROME1")
    assert np.abs(255 - inverse[10].astype(float) - wanted).max() <= 1
    shaped = seen(RAMP, **elements, PresentationLUTShape="INVERSE")
    assert (shaped == inverse).all()


def test_a_window_is_exact_to_half_a_value() -> None:
    """PS3.3 §C.11.2.1.2.1: half a value off the center, one off the width."""
    grey = seen(RAMP // 16, WindowCenter=128, WindowWidth=32)
    assert (grey[10, 112], grey[10, 128], grey[10, 143]) == (0, 132, 255)


def table(bits: int, *, first: int = 0) -> Dataset:
    """A VOI LUT that turns the order round; 4096 entries, or 256 of which each is a byte."""
    top = (1 << bits) - 1
    entries = np.linspace(top, 0, 4096).round().astype("<u2")
    return dataset(
        LUTDescriptor=[4096, first, bits], LUTData=entries.tobytes(), LUTExplanation="NORMAL"
    )


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_tables_of_any_depth(bits: int) -> None:
    grey = seen(RAMP, VOILUTSequence=[table(bits)], WindowCenter=1, WindowWidth=2)
    assert np.abs(grey[10] - (4095 - np.arange(256) * 16) / 4095 * 255).max() <= 1


def test_a_table_may_start_elsewhere() -> None:
    grey = seen(RAMP, VOILUTSequence=[table(12, first=1600)])
    assert (grey[10, :101] == 255).all()
    assert grey[10, 200] == round((4095 - 1600) / 4095 * 255)


def test_a_modality_table_comes_first() -> None:
    modality = table(12)
    modality.ModalityLUTType = "US"
    grey = seen(RAMP, ModalityLUTSequence=[modality], WindowCenter=2048, WindowWidth=4096)
    assert np.abs(grey[10] - (4095 - np.arange(256) * 16) / 4095 * 255).max() <= 1


def test_signed_values() -> None:
    signed = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    grey = seen(signed, WindowCenter=0, WindowWidth=4096)
    assert np.abs(grey[10] - np.arange(256) * 16 / 4095 * 255).max() <= 1


def test_functional_groups_have_windows_too() -> None:
    frames = np.stack([RAMP, RAMP])
    groups = dataset(
        FrameVOILUTSequence=[dataset(WindowCenter=1024, WindowWidth=2048)],
        PixelValueTransformationSequence=[
            dataset(RescaleSlope="0.5", RescaleIntercept="0", RescaleType="US")
        ],
    )
    source = native(frames, frames=2, BitsStored=12, SharedFunctionalGroupsSequence=[groups])
    assert np.abs(picture(previews(source)[0])[10] - np.arange(256) * 8 / 2047 * 255).max() <= 1


@pytest.mark.parametrize(
    "broken",
    [
        {"WindowCenter": "0", "WindowWidth": "0"},
        {"WindowCenter": 30000, "WindowWidth": 10},
        {"VOILUTSequence": [dataset(LUTDescriptor=[4096, 0, 12], LUTData=b"\0\0")]},
        {"RescaleSlope": "0", "RescaleIntercept": "0"},
        {},
    ],
)
def test_without_a_window_of_use_the_tissue_is_stretched(broken: dict) -> None:
    mask = outline()
    grey = seen(presented(mask), **broken)
    assert grey[~mask].mean() < 3
    assert np.percentile(grey[mask], 99) > 240
    assert 80 < grey[mask].mean() < 180


@pytest.mark.parametrize("name", ["inverse", "for processing", "padded, inverse"])
def test_the_breast_is_bright_on_black(name: str) -> None:
    phantom = PHANTOMS[name]()
    grey = seen(phantom.values, **phantom.header)
    mask, beside = phantom.mask, ~phantom.mask
    beside[:200], beside[800:] = False, False  # markers and labels
    assert grey[beside].mean() < 8
    assert 80 < grey[mask].mean() < 200


@pytest.mark.parametrize("name", ["oblique, with marker and label", "inverse", "for processing"])
def test_markers_stay(name: str) -> None:
    phantom = PHANTOMS[name]()
    assert (seen(phantom.values, **phantom.header)[60:130, 600:780] > 200).sum() > 300


def test_padding_is_black() -> None:
    phantom = PHANTOMS["padded, inverse"]()
    grey = seen(phantom.values, **phantom.header, WindowCenter=2048, WindowWidth=4096)
    assert (grey[~phantom.mask] == 0).all()


# ---- colour ------------------------------------------------------------------------------


def coloured() -> Array:
    made = np.zeros((48, 64, 3), np.uint8)
    made[:, :32], made[:, 32:] = (200, 40, 20), (10, 60, 220)
    return made


def test_colours_stay() -> None:
    assert (seen(coloured(), BitsStored=8)[..., ::-1] == coloured()).all()


def test_brightness_and_colour_differences_become_colours() -> None:
    ybr = cv2.cvtColor(coloured(), cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]].copy()
    shown = seen(ybr, BitsStored=8, PhotometricInterpretation="YBR_FULL")
    assert np.abs(shown[..., ::-1].astype(int) - coloured()).max() <= 3


def test_colours_out_of_jpeg() -> None:
    ok, data = cv2.imencode(".jpg", coloured()[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])
    assert ok
    syntax, meant = JPEGBaseline8Bit, "YBR_FULL_422"
    source = encapsulated(coloured(), [data.tobytes()], syntax, PhotometricInterpretation=meant)
    shown = picture(previews(source)[0])
    away = np.abs(shown[..., ::-1].astype(int) - coloured())
    assert away[:, :24].max() <= 8
    assert away[:, 40:].max() <= 8


def test_the_largest_preview_is_the_image_as_pydicom_reads_it() -> None:
    values = presented(outline())
    source = native(values, BitsStored=12, WindowCenter=1500, WindowWidth=2500)
    with_window = apply_windowing(values, dcmread(BytesIO(source)))
    assert np.abs(picture(previews(source)[0]) - with_window / 4095 * 255).max() <= 1
