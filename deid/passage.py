"""How an object that the gate lets in goes through the walk."""

from dataclasses import dataclass

from deid.ruling import Box


@dataclass(frozen=True)
class Passage:
    """How an object goes through the walk.

    Attributes:
        closely: Every part of every frame is looked at by the network, not only what the gate
            shows it.
        review: Why people have to look before it may pass, whatever is found: kinds, of which each
            is a finding that two people may let pass. Empty if nobody has to.
        blank: Boxes to blank whatever is found there: what lies outside the regions of an
            ultrasound image.
    """

    closely: bool = False
    review: tuple[str, ...] = ()
    blank: tuple[Box, ...] = ()
