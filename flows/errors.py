"""What can go wrong in the order of things. Messages name no woman, no path and no original UID.

FlowsError
├── PermanentError                trying again changes nothing
│   ├── ExportRefusedError        no valid disclosure decision, or not what it claims
│   ├── SourceError               the export's folder or archive cannot be used
│   │   ├── SourceRefusedError    a PACS refuses us; an administrator must change something
│   │   │   └── NotOfferedError   the PACS does not offer a service at all, to anybody like us
│   │   └── TruncatedError        a PACS answers with fewer studies than it has
│   ├── PlanError                 what an administrator planned cannot be done as it is
│   ├── OriginalError             one file of it cannot be read (any more)
│   ├── SettingsError             a setting is missing or wrong
│   ├── BucketError               an environment's bucket is not there, or not ours to use
│   ├── KeyFileError              the key file is missing, readable by others, or not allowed here
│   ├── KeyServiceError           the third party refuses, or its key is gone
│   ├── IntakeRefusedError        the hub does not take what this region sends
│   ├── OrderError                what claims to be an order of the hub's is none
│   ├── CollisionError            two persons would share a pseudonym
│   └── TallyError                the outcomes do not sum to what the export claimed
└── RetriableError                worth another try: store, database or disk did not answer
    ├── DiskFullError
    ├── SourceAwayError           a PACS does not answer now, or broke off
    ├── StoppedError              a question to a PACS was cut short, because we were told to stop
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


class SourceRefusedError(SourceError):
    """The source refuses us; the message says what an administrator can change."""


class NotOfferedError(SourceRefusedError):
    """The source does not offer this service to us; another one may do."""


class TruncatedError(SourceError):
    """The source gives fewer answers than it has, and the question cannot be made smaller."""


class OriginalError(PermanentError):
    """One file of the export cannot be read, or not any more."""


class SettingsError(PermanentError):
    """A setting is missing or wrong; the message names variables, never values."""


class BucketError(PermanentError):
    """An environment's bucket is not there, or not ours to use; the message names the bucket."""


class KeyFileError(PermanentError):
    """The key file is missing, readable by others, or not allowed in this environment."""


class KeyServiceError(PermanentError):
    """The third party refuses, or its key is gone; the message says what to do."""


class IntakeRefusedError(PermanentError):
    """The hub's intake does not take what this region sends; the message says what to look at."""


class OrderError(PermanentError):
    """What claims to be an order of the hub's is none that this region takes."""


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


class SourceAwayError(RetriableError):
    """The source does not answer now, or broke off in the middle."""


class StoppedError(RetriableError):
    """A question was cut short because we were told to stop; its answers are not complete."""


class KeyServiceBusyError(RetriableError):
    """The third party does not answer now, is sealed, or has given its quota for the hour."""


class StudyError(RetriableError):
    """A study could not be finished; the run can be repeated safely."""
