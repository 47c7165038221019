"""Grain told from print: it is steep as print is, but no pixel of it goes on in the next.

A scanned film's grain rises out of its black, where the noise is nothing, and passes any gate that
reckons in noise. Strokes run on for some pixels, however faint; where grain does too, the network
is asked.
"""

import cv2
import numpy as np

from deid.pixels.coding.arrays import Grey
from deid.pixels.detection.relief import Map

_GREY = 128.0  # of a view: what each neighbourhood is brought to
_SIDE = 32  # pixels of it: a few letters of small print
_FAINT = 500.0  # added to the variance, which is 1000 where a neighbourhood has any contrast
# Part of the variance that a pixel has in common with the next. Measured in some 700 windows with
# print of 12 to 64 pixels, at 2 to 16 times the noise of films: 0.26 and more at its best place,
# and in all but one 0.38. Letters 7 pixels high of strokes of one, at 4 times white noise: 0.29. Of
# the grain that passes the gate and is nothing to the network, half has less.
_RUNS_ON = 0.2


def is_grain(view: Grey) -> bool:
    """Tell whether no pixel goes on in the next, level or upright, anywhere in a view.

    Args:
        view: Each neighbourhood at one brightness and contrast, pixel by pixel.
    """
    if min(view.shape) <= _SIDE:
        return False
    grey = view.astype(np.float32) - _GREY
    mean = _around(grey)
    least = _RUNS_ON * (_around(grey * grey) - mean * mean + _FAINT)
    across = _around(grey[:, 1:] * grey[:, :-1]) - mean[:, 1:] * mean[:, :-1]
    if (across > least[:, 1:]).any():
        return False
    down = _around(grey[1:] * grey[:-1]) - mean[1:] * mean[:-1]
    return not (down > least[1:]).any()


def _around(values: Map) -> Map:
    return np.asarray(cv2.blur(values, (_SIDE, _SIDE)), np.float32)
