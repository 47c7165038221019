"""Which breast it is, as far as the pixels say: on which side of the picture the chest wall is.

Pixels show where the chest wall is, and no more: a mirror image of a left breast looks like a
right one. What is claimed rests on how mammograms are laid out (PS3.3 §C.8.11.7: chest wall of
the left breast on the left, outer side or armpit up), which Patient Orientation (0020,0020) can
confirm or put right. Where it contradicts the pixels, or says too little of an image that is not
for presentation, nothing is claimed.
"""

from dataclasses import dataclass
from enum import StrEnum

from deid.derived.breast import Breast
from deid.pixels.coding.arrays import Grey

_BAND = 0.03  # of the width: corners of film are round, and borders are dark
_CONTACT = 0.25  # of a side: what touches it by less lies beside it
_OTHER = 0.5  # of the contact on the chest wall's side: what else may touch
_CUT = 0.08  # of the far side


class Wall(StrEnum):
    """On which side of the picture the chest wall is."""

    LEFT = "left"
    RIGHT = "right"
    UNKNOWN = ""


@dataclass(frozen=True)
class Side:
    """Where the chest wall is, which breast that makes it, and what is odd.

    Attributes:
        wall: Side of the picture.
        laterality: "L", "R", or empty where it cannot be claimed.
        disoriented: Patient Orientation says the chest wall is on the other side.
        cut: The breast goes on beyond the side opposite to the chest wall.
    """

    wall: Wall
    laterality: str
    disoriented: bool = False
    cut: bool = False


def find_side(breast: Breast, orientation: str, *, presented: bool) -> Side:
    """Tell which breast a mask shows.

    Args:
        breast: What was found in the picture.
        orientation: Patient Orientation as the header has it, such as "A" and "FR".
        presented: The image is meant for presentation, so laid out for a reader.
    """
    view = breast.mask[breast.field.slices]
    left, right, top, bottom = _contacts(view)
    near, far = max(left, right), min(left, right)
    if near < _CONTACT or near < max(top, bottom) or far > _OTHER * near or not breast.air:
        return Side(Wall.UNKNOWN, "", cut=far > _CUT and breast.air)
    wall = Wall.LEFT if left > right else Wall.RIGHT
    row, _, column = (part.strip().upper() for part in orientation.partition("\\"))
    said = {"A": Wall.LEFT, "P": Wall.RIGHT}.get(row[:1])
    if said is not None and said != wall:
        return Side(wall, "", disoriented=True, cut=far > _CUT)
    if said is None and not presented:
        return Side(wall, "", cut=far > _CUT)
    usual = "L" if wall is Wall.LEFT else "R"
    return Side(wall, _put_right(usual, column) if said else usual, cut=far > _CUT)


def _put_right(usual: str, column: str) -> str:
    """Take the second value of Patient Orientation: towards the feet, and the other breast.

    Of an image on its head nothing is claimed, and of a cranio-caudal one whose columns go
    outwards neither: it may be a mirror image, or upside down.
    """
    sides = {letter for letter in column if letter in "LR"}
    if "H" in column or len(sides) > 1:
        return ""
    if sides != {usual}:  # towards the other breast
        return usual
    return {"L": "R", "R": "L"}[usual] if "F" in column else ""


def _contacts(view: Grey) -> tuple[float, float, float, float]:
    """Give the share of the left, right, top and bottom side that the mask touches."""
    rows, columns = (max(1, round(side * _BAND)) for side in view.shape)
    return (
        float(view[:, :columns].any(axis=1).mean()),
        float(view[:, -columns:].any(axis=1).mean()),
        float(view[:rows].any(axis=0).mean()),
        float(view[-rows:].any(axis=0).mean()),
    )
