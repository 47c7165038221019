"""Releases: a permit's frozen cohort of revisions, written once and then only read.

The hub freezes a cohort, adds each instance as its re-keyed header is stored, and seals it;
the door reads sealed releases. Permit and Hold are checked on every call.
"""

from catalog.releases.building import (
    add_instance,
    discard,
    freeze,
    left,
    pending,
    releases_of,
)
from catalog.releases.changes import Change, changes
from catalog.releases.membership import Member, Part, members
from catalog.releases.metadata import copies, metadata, state_of
from catalog.releases.papers import add_papers, paper, papers, selection, written
from catalog.releases.records import (
    Described,
    Paper,
    Release,
    ReleaseContents,
    ReleasedInstance,
    ReleasedStudy,
    RevisionRef,
    Sealing,
    Servable,
    ServablePreview,
)
from catalog.releases.sealing import seal
from catalog.releases.serving import (
    contents,
    list_instances,
    list_studies,
    manifest,
    preview,
    servable,
    unheld,
)
from catalog.releases.taking_up import take_up

__all__ = [
    "Change",
    "Described",
    "Member",
    "Paper",
    "Part",
    "Release",
    "ReleaseContents",
    "ReleasedInstance",
    "ReleasedStudy",
    "RevisionRef",
    "Sealing",
    "Servable",
    "ServablePreview",
    "add_instance",
    "add_papers",
    "changes",
    "contents",
    "copies",
    "discard",
    "freeze",
    "left",
    "list_instances",
    "list_studies",
    "manifest",
    "members",
    "metadata",
    "paper",
    "papers",
    "pending",
    "preview",
    "releases_of",
    "seal",
    "selection",
    "servable",
    "state_of",
    "take_up",
    "unheld",
    "written",
]
