"""What can go wrong in the order of things. Messages name no woman, no path and no original UID.

FlowsError
├── PermanentError                trying again changes nothing
│   ├── ExportRefusedError        no valid disclosure decision, or not what it claims
│   ├── SourceError               the export's folder or archive cannot be used
│   ├── PlanError                 what an administrator planned cannot be done as it is
│   ├── OriginalError             one file of it cannot be read (any more)
│   ├── SettingsError             a setting is missing or wrong
│   ├── KeyFileError              the key file is missing, readable by others, or not allowed here
│   ├── KeyServiceError           the third party refuses, or its key is gone
│   ├── CollisionError            two persons would share a pseudonym
│   └── TallyError                the outcomes do not sum to what the export claimed
└── RetriableError                worth another try: store, database or disk did not answer
    ├── DiskFullError
    ├── KeyServiceBusyError       the third party does not answer now, or the quota is used up
    └── StudyError                a study could not be finished; the run can be repeated safely
"""


class FlowsError(Exception):
    """Base class of all errors of this room."""


class PermanentError(FlowsError):
    """Trying again changes nothing."""


class ExportRefusedError(PermanentError):
    """The export has no valid disclosure decision, or is not what it claims."""


class SourceError(PermanentError):
    """The export's folder or archive cannot be used."""


class PlanError(PermanentError):
    """What an administrator planned cannot be done as it is; the message says what to change."""


class OriginalError(PermanentError):
    """One file of the export cannot be read, or not any more."""


class SettingsError(PermanentError):
    """A setting is missing or wrong; the message names variables, never values."""


class KeyFileError(PermanentError):
    """The key file is missing, readable by others, or not allowed in this environment."""


class KeyServiceError(PermanentError):
    """The third party refuses, or its key is gone; the message says what to do."""


class CollisionError(PermanentError):
    """Two canonical identifiers would share a pseudonym; nothing may be published under it."""

    def __init__(self) -> None:
        super().__init__("two different persons would get one pseudonym; call the developers")


class TallyError(PermanentError):
    """The outcomes do not sum to what the export claimed."""


class RetriableError(FlowsError):
    """Worth another try."""


class DiskFullError(RetriableError):
    """The landing's disk is full."""


class KeyServiceBusyError(RetriableError):
    """The third party does not answer now, is sealed, or has given its quota for the hour."""


class StudyError(RetriableError):
    """A study could not be finished; the run can be repeated safely."""
