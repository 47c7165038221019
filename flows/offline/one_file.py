"""What is done to one file of a folder, in whichever process: look, de-identify, or rehearse."""

from dataclasses import dataclass
from pathlib import Path

from catalog.outcome import Outcome
from deid.deidentify import deidentify, identity
from deid.errors import DeidError, Reason, SuspectError
from deid.findings import Finding
from deid.identity.identifiers import Identifiers, harvest, together
from deid.profiles.tags import class_name
from deid.report import InstanceReport, applied_rules, attribute_list
from deid.screen import screen
from deid.source import Parsed, parse
from deid.values import value_of
from flows.deidentifier import Deidentifier
from flows.errors import OriginalError
from flows.offline.known import Look, look
from flows.sources.original import Original, Stamp
from flows.walk.admit import admit, checked
from flows.walk.verdict import OUTCOMES, SOP_INSTANCE_UID, STUDY_INSTANCE_UID

CHANGED = "the file was changed, or came back, after its header was looked at"
_SOP_CLASS, _SERIES_INSTANCE_UID = 0x00080016, 0x0020000E


@dataclass(frozen=True, repr=False)
class Job:
    """One file to be brought to its outcome.

    Attributes:
        number: In the run.
        target: Where the clean object is written; None in a rehearsal.
        hers: What identifies her in all files of the study.
        stamp: Which file was looked at; None if it could not be.
        listed: Whether every attribute is to be told one by one.
    """

    number: int
    path: Path
    target: Path | None
    hers: Identifiers | None
    stamp: Stamp | None = None
    listed: bool = False


@dataclass(frozen=True, repr=False)
class Done:
    """How one file ended."""

    number: int
    outcome: Outcome
    report: InstanceReport
    reason: str = ""
    boxes: int = 0
    sha256: str = ""


def look_at(_: Deidentifier, job: tuple[str, Path]) -> tuple[str, Look | None]:
    """Read one header; a file that cannot be read says so when its turn comes."""
    name, path = job
    try:
        with Original(path) as original, checked():
            stamp = original.stamp  # before it is read: what changes meanwhile is another file
            return name, look(parse(original.reader), stamp)
    except (DeidError, OriginalError):
        return name, None


def bring(deidentifier: Deidentifier, job: Job) -> Done:
    """Bring one file to its outcome."""
    told = _Told("")
    try:
        return _bring(deidentifier, job, told)
    except DeidError as error:
        if job.target is not None:
            job.target.unlink(missing_ok=True)
        outcome, reason = OUTCOMES[type(error)], error.said
        findings = tuple(getattr(error, "findings", ()))
        report = InstanceReport(
            job.number, outcome, reason, sop_class=told.sop_class, findings=findings
        )
        return Done(job.number, outcome, report, reason)
    except OriginalError as error:
        return ended(job.number, Outcome.UNAVAILABLE, str(error))


def ended(number: int, outcome: Outcome, reason: str) -> Done:
    """Tell of a file that was not opened."""
    return Done(number, outcome, InstanceReport(number, outcome, reason), reason)


@dataclass(repr=False)
class _Told:
    """What is known of a file when something stops it."""

    sop_class: str


def _bring(deidentifier: Deidentifier, job: Job, told: _Told) -> Done:
    scratch = None if job.target is None else job.target.parent
    with Original(job.path, scratch) as original:
        with checked():
            parsed = parse(original.reader)
            if original.stamp != job.stamp:  # it may be about somebody else, or confidential
                raise OriginalError(CHANGED)
            told.sop_class = class_name(value_of(parsed.header, _SOP_CLASS))
            identifiers = together(harvest(parsed), [job.hers] if job.hers is not None else [])
        if job.target is None:
            with checked():
                return _rehearsed(original, parsed, identifiers, deidentifier, job)
        admitted = admit(
            original.reader,
            parsed,
            job.target,
            deidentifier=deidentifier,
            identifiers=identifiers,
        )
    instance = admitted.instance
    report = InstanceReport(
        job.number,
        Outcome.ADMITTED,
        sop_class=told.sop_class,
        uids=(instance.study_uid, instance.series_uid, instance.sop_uid),
        rules=applied_rules(admitted.journal),
        boxes=len(admitted.boxes),
        codes=tuple(code for code, _ in admitted.applied),
    )
    sha256 = admitted.spooled.sha256
    return Done(job.number, Outcome.ADMITTED, report, boxes=len(admitted.boxes), sha256=sha256)


def _rehearsed(
    original: Original,
    parsed: Parsed,
    identifiers: Identifiers,
    deidentifier: Deidentifier,
    job: Job,
) -> Done:
    """Do to a header what a run would; pixels are not looked at, and nothing is written."""
    profile, keys = deidentifier.profile, deidentifier.keys
    passage = screen(parsed, profile)
    clean = deidentify(
        original.reader,
        parsed,
        profile=profile,
        person=keys.pseudonyms.person(identity(parsed)),
        subkeys=keys.subkeys(),
        identifiers=identifiers,
        text_reader=None,
        passage=passage,
    )
    header = clean.header
    outcome = Outcome.SUSPECT if passage.review else Outcome.ADMITTED
    held = tuple(Finding("object", kind) for kind in passage.review)
    reason = SuspectError(Reason.REVIEW, held).said if held else ""
    report = InstanceReport(
        job.number,
        outcome,
        reason,
        sop_class=class_name(value_of(header, _SOP_CLASS)),
        uids=(
            value_of(header, STUDY_INSTANCE_UID),
            value_of(header, _SERIES_INSTANCE_UID),
            value_of(header, SOP_INSTANCE_UID),
        ),
        rules=applied_rules(clean.journal),
        codes=tuple(code for code, _ in clean.applied),
        findings=held,
        attributes=tuple(attribute_list(clean.journal)) if job.listed else (),
    )
    return Done(job.number, outcome, report, reason)
