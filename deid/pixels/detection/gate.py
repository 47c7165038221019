"""Two eyes: at what scales, and from what text probability on, each of them sees writing."""

from dataclasses import dataclass

from deid.pixels.detection.cells import LARGE_PRINT, LETTERING, SMALL_PRINT, Gate
from deid.pixels.detection.search import View

_SEVERAL = 1.7  # times as long as high: several letters


@dataclass(frozen=True)
class Sight:
    """An operating point: how an eye looks.

    Attributes:
        small: For print of 10 to 80 pixels.
        large: For print of 40 to 400, by its outlines, which tissue has none of.
        ahead: For the rest of large print that was found in part.
        lettering: For letters of lead, 100 to 600 high and blurred.
        afar: For lines of print, blurred or fainter than the noise, at a quarter of the size.
        threshold: Text probability from which a pixel counts.
        score: Mean probability from which a line counts.
    """

    small: View
    large: View
    ahead: View
    lettering: View
    afar: View
    threshold: float
    score: float

    def views(self) -> tuple[tuple[Gate, View], ...]:
        """Give each view with the gate before it, small print last."""
        return (
            (LETTERING, self.lettering),
            (LARGE_PRINT, self.large),
            (LARGE_PRINT, self.ahead),
            (SMALL_PRINT, self.small),
        )

    def are_ahead(self) -> tuple[bool, ...]:
        """Tell of each view whether it looks past what was found, and not where a gate lets it."""
        return tuple(view is self.ahead for _, view in self.views())


FIRST = Sight(
    small=View(1, outlined=False, neighbourhood=48, tallest=170),
    large=View(1 / 4, outlined=True, neighbourhood=0, tallest=520, shortest=24),
    ahead=View(1 / 2, outlined=True, neighbourhood=0, tallest=420, shortest=60),
    lettering=View(1 / 8, outlined=False, neighbourhood=160, tallest=900, shortest=110),
    afar=View(1, outlined=False, neighbourhood=48, tallest=170, least=_SEVERAL),
    threshold=0.2,
    score=0.4,
)
SECOND = Sight(
    small=View(4 / 5, outlined=False, neighbourhood=40, tallest=170),
    large=View(1 / 5, outlined=True, neighbourhood=0, tallest=520, shortest=30),
    ahead=View(2 / 5, outlined=True, neighbourhood=0, tallest=420, shortest=60),
    lettering=View(1 / 9, outlined=False, neighbourhood=140, tallest=900, shortest=110),
    afar=View(4 / 5, outlined=False, neighbourhood=40, tallest=170, least=_SEVERAL),
    threshold=0.3,
    score=0.8,
)
