"""Releases: a permit's frozen cohort of revisions, written once and then only read.

The hub freezes a cohort, adds each instance as its re-keyed header is stored, and seals it;
the door reads sealed releases. Permit and Hold are checked on every call.
"""

from catalog.releases.building import add_instance, discard, freeze, pending, releases_of, seal
from catalog.releases.membership import Member, Part, members
from catalog.releases.records import (
    Release,
    ReleaseContents,
    ReleasedInstance,
    ReleasedStudy,
    RevisionRef,
    Servable,
    ServablePreview,
)
from catalog.releases.serving import (
    contents,
    list_instances,
    list_studies,
    manifest,
    preview,
    servable,
)

__all__ = [
    "Member",
    "Part",
    "Release",
    "ReleaseContents",
    "ReleasedInstance",
    "ReleasedStudy",
    "RevisionRef",
    "Servable",
    "ServablePreview",
    "add_instance",
    "contents",
    "discard",
    "freeze",
    "list_instances",
    "list_studies",
    "manifest",
    "members",
    "pending",
    "preview",
    "releases_of",
    "seal",
    "servable",
]
