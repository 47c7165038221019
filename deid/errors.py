"""What can go wrong with one object, and how its walk then ends.

    DeidError
    ├── UnreadableError   the bytes are not a whole DICOM object  → Outcome UNREADABLE
    ├── RefusedError      a rule says this object may not pass     → Outcome REFUSED
    └── SuspectError      it could not be proven clean             → Outcome SUSPECT

    ProfileError          the rules themselves are wrong: nothing may run (not about one object)

Every `DeidError` carries a `Reason` from a closed list and nothing of the object itself.
"""

from enum import StrEnum

from deid.findings import Finding


class Reason(StrEnum):
    """Why an object was not admitted; safe to log, store and show."""

    NOT_DICOM = "not a DICOM file"
    TRUNCATED = "the file ends before its data does"
    MALFORMED = "the file cannot be parsed as DICOM"
    TRANSFER_SYNTAX = "the transfer syntax is not supported"
    BOMB = "the file expands beyond the limit"
    UNDECODABLE = "the pixel data cannot be decoded"

    NO_PIXEL_DATA = "no pixel data"
    SOP_CLASS = "the SOP class is not accepted by the profile"
    MODALITY = "the modality is not accepted by the profile"
    IMAGE_TYPE = "the image type is not accepted by the profile"
    BURNED_IN = "declared to carry burned-in annotation"
    OVERLAY = "an overlay is hidden in unused bits of the pixel data"
    NO_IDENTITY = "no patient identifier, so no pseudonym"
    CONFIDENTIAL = "the object says that it is confidential"
    DOCUMENT = "an encapsulated document"
    RAW_DATA = "raw data that only their maker can read"
    DIRECTORY = "a media directory, not an object of its own"
    SCREEN_SAVE = "a screen save"
    SECONDARY_CAPTURE = "a secondary capture, not of this profile"
    ULTRASOUND = "an ultrasound image, not of this profile"
    DEVICE = "of a device that the profile does not take"
    STRAY_PIXELS = "pixel data in an object that should have none"

    NOT_REENCODABLE = "text was found, but the pixels cannot be written back losslessly"
    TEXT_LEFT = "text is left in the pixels"
    MARKER = "a marker contradicts the header"
    REVIEW = "of a kind that people have to look at before it may pass"
    OUTDATED = "decided by what another detector or other rules had shown: to be decided again"
    IDENTIFIER_LEFT = "an identifier is left in the header"
    UNCHECKED = "the result could not be checked"


class DeidError(Exception):
    """Base class of all errors of this room."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason

    @property
    def said(self) -> str:
        """Say why; safe to log, store and show."""
        return self.reason.value


class UnreadableError(DeidError):
    """The bytes are not a whole DICOM object."""


class RefusedError(DeidError):
    """A rule of the profile refuses the object.

    `about` names its class as the standard does, or its kind of device as the table does; both
    are published words, and nothing of the object itself.
    """

    def __init__(self, reason: Reason, about: str = "") -> None:
        super().__init__(reason)
        self.about = about

    @property
    def said(self) -> str:
        """Say why, and what it is that is refused."""
        return f"{self.reason.value}: {self.about}" if self.about else self.reason.value


class SuspectError(DeidError):
    """The object could not be proven clean; `findings` say where and what kind, never a value."""

    def __init__(self, reason: Reason, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(reason)
        self.findings = findings

    @property
    def said(self) -> str:
        """Say why, and of what kind it is that people have to look at, in the profile's words."""
        if self.reason is not Reason.REVIEW:
            return self.reason.value
        return f"{self.reason.value}: {', '.join(one.what for one in self.findings)}"


class ProfileError(Exception):
    """A profile's file is wrong; the message names file, line and rule."""
