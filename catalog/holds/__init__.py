"""What may not be had, and why; every read of the catalogue asks.

A Hold names its target by text, so that one on a subject or a study can be placed before any of
its images arrive. One on a revision stops the instance until a newer revision replaces it. What
holds an image holds what was derived from it. What each kind stops, `EFFECTS` says.
"""

from catalog.holds.conditions import instance_not_held, study_not_held
from catalog.holds.effects import EFFECTS, Deletion, Effect, Reach
from catalog.holds.placing import (
    Hold,
    HoldTarget,
    is_placed,
    lift,
    lift_in,
    list_holds,
    place,
    stop,
    stop_instance,
    stop_revision,
    stop_subject,
)

__all__ = [
    "EFFECTS",
    "Deletion",
    "Effect",
    "Hold",
    "HoldTarget",
    "Reach",
    "instance_not_held",
    "is_placed",
    "lift",
    "lift_in",
    "list_holds",
    "place",
    "stop",
    "stop_instance",
    "stop_revision",
    "stop_subject",
    "study_not_held",
]
