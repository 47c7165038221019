"""Write a woman, her visit and her care provider everywhere a hospital writes them."""

from dataclasses import dataclass
from datetime import date, timedelta

from pydicom.dataset import Dataset
from pydicom.uid import UID

from flows.demo.encode import UID_ROOT
from flows.demo.identities import Provider, Woman
from flows.demo.mammogram import Machine, View, code

ISSUER = "SE-PNR"
DEMONSTRATION = "DEMONSTRATION ONLY: film of CBIS-DDSM, invented identity"
_PERFORMED_STEP_CLASS = UID("1.2.840.10008.3.1.2.3.3")
_DETACHED_STUDY_CLASS = UID("1.2.840.10008.3.1.2.3.1")


@dataclass(frozen=True, repr=False)
class Visit:
    """One examination of one woman at one care provider."""

    number: int
    woman: Woman
    provider: Provider
    machine: Machine
    day: str  # YYYYMMDD
    time: str  # HHMMSS

    @property
    def accession(self) -> str:
        """The care provider's accession number."""
        return f"{self.provider.accession_prefix}{self.day[2:4]}{self.number:07d}"

    @property
    def study_uid(self) -> str:
        """A UID as machines make them: serial number, date and time inside."""
        serial = "".join(filter(str.isdigit, self.machine.serial))
        return f"{UID_ROOT}.{int(serial)}.{self.day}{self.time}"

    def sop_uid(self, instance: int) -> str:
        """The SOP Instance UID of the n-th object."""
        return f"{self.study_uid}.2.{instance}"

    @property
    def prior_uid(self) -> str:
        """The Study Instance UID of an examination elsewhere that this one refers to."""
        return f"{UID_ROOT}.9.{self.day}.{self.number}"

    def clock(self, seconds: int) -> str:
        """The time some seconds into the visit as a TM value."""
        hours, minutes, start = (int(self.time[i : i + 2]) for i in (0, 2, 4))
        return (
            str(timedelta(hours=hours, minutes=minutes, seconds=start + seconds))
            .replace(":", "")
            .zfill(6)
        )


def identify(ds: Dataset, visit: Visit, instance: int, view: View | None = None) -> None:
    """Put the identity of a visit into an object in place, from top level to private tags."""
    ds.SpecificCharacterSet = visit.provider.charset
    _patient(ds, visit)
    _study(ds, visit)
    _series(ds, visit, view)
    _image(ds, visit, instance)
    _equipment(ds, visit)
    _requests(ds, visit)
    _private(ds, visit, instance)


def _patient(ds: Dataset, visit: Visit) -> None:
    """PS3.3 C.7.1.1 and C.7.2.2."""
    woman, modern = visit.woman, visit.number % 2
    ds.PatientName = woman.person_name
    ds.PatientID = woman.long if modern else woman.twelve
    ds.IssuerOfPatientID = ISSUER
    ds.PatientBirthDate, ds.PatientSex = woman.born, "F"
    ds.PatientAge = woman.age(visit.day)
    ds.PatientBirthName = f"{woman.birth_name}^{woman.given}"
    ds.OtherPatientNames = f"{woman.birth_name}^{woman.given.split()[0]}"
    other = Dataset()
    other.PatientID, other.IssuerOfPatientID, other.TypeOfPatientID = woman.short, "RIS", "TEXT"
    ds.OtherPatientIDsSequence = [other]
    ds.PatientAddress = woman.address
    ds.PatientTelephoneNumbers = woman.telephone
    ds.AdditionalPatientHistory = woman.history
    ds.PatientComments = f"Ring {woman.given.split()[0]} på {woman.telephone} om återbesök"


def _study(ds: Dataset, visit: Visit) -> None:
    """PS3.3 C.7.2.1."""
    ds.StudyInstanceUID, ds.StudyID = visit.study_uid, f"{visit.number:05d}"
    ds.StudyDate, ds.StudyTime = visit.day, visit.time
    ds.AccessionNumber = visit.accession
    ds.ReferringPhysicianName = visit.provider.referrer
    ds.NameOfPhysiciansReadingStudy = visit.provider.radiologist
    ds.PhysiciansOfRecord = visit.provider.referrer
    ds.RequestingPhysician = visit.provider.referrer
    ds.StudyDescription = f"Mammografi screening {visit.woman.banner} {visit.woman.short}"[:64]
    prior = Dataset()
    prior.ReferencedSOPClassUID = _DETACHED_STUDY_CLASS
    prior.ReferencedSOPInstanceUID = visit.prior_uid
    ds.ReferencedStudySequence = [prior]


def _series(ds: Dataset, visit: Visit, view: View | None) -> None:
    """PS3.3 C.7.3.1; one series per side."""
    number = 1 if view is None or view.laterality == "R" else 2
    ds.SeriesInstanceUID = f"{visit.study_uid}.1.{number}{ord(ds.Modality[0])}"
    ds.SeriesNumber = str(number)
    ds.SeriesDate, ds.SeriesTime = visit.day, visit.clock(20)
    ds.SeriesDescription = f"{view.laterality} {view.name}" if view else ds.Modality
    ds.ProtocolName = "Screening 2 proj"
    ds.OperatorsName = visit.provider.operator
    ds.PerformingPhysicianName = visit.provider.radiologist


def _image(ds: Dataset, visit: Visit, instance: int) -> None:
    """PS3.3 C.7.6.1 and C.12.1."""
    ds.SOPInstanceUID, ds.InstanceNumber = visit.sop_uid(instance), str(instance)
    ds.ContentDate = ds.AcquisitionDate = ds.InstanceCreationDate = visit.day
    ds.ContentTime = ds.AcquisitionTime = ds.InstanceCreationTime = visit.clock(30 * instance)
    ds.AcquisitionNumber = str(instance)
    ds.DerivationDescription = DEMONSTRATION
    ds.ImageComments = (
        f"{DEMONSTRATION}. Granskad av {visit.provider.radiologist.split('^')[0]}: "
        f"{visit.woman.given} {visit.woman.family} informerad {_spoken(visit.day)}"
    )


def _equipment(ds: Dataset, visit: Visit) -> None:
    """PS3.3 C.7.5.1."""
    ds.InstitutionName = visit.provider.unit
    ds.InstitutionAddress = visit.provider.address
    ds.InstitutionalDepartmentName = visit.provider.department
    ds.StationName = visit.machine.station
    ds.DeviceSerialNumber = visit.machine.serial


def _requests(ds: Dataset, visit: Visit) -> None:
    """PS3.3 C.4.10 and C.4.13: what the request and the worklist leave in the image."""
    request = Dataset()
    request.RequestedProcedureID = f"RP{visit.accession}"
    request.AccessionNumber = visit.accession
    request.RequestedProcedureDescription = f"Mammografi bilat {visit.woman.family}"
    request.ScheduledProcedureStepID = f"SPS{visit.number}"
    request.ScheduledProcedureStepDescription = f"Screening {visit.woman.short}"
    request.ReasonForTheRequestedProcedure = visit.woman.history[:64]
    ds.RequestAttributesSequence = [request]
    performed = Dataset()
    performed.ReferencedSOPClassUID = _PERFORMED_STEP_CLASS
    performed.ReferencedSOPInstanceUID = f"{visit.study_uid}.3"
    ds.ReferencedPerformedProcedureStepSequence = [performed]
    ds.PerformedProcedureStepID = f"PPS{visit.number}"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = visit.day, visit.time
    ds.PerformedProcedureStepDescription = f"Screening, {visit.woman.given} {visit.woman.family}"
    ds.PerformedProtocolCodeSequence = [
        code("MGSCR", "99OSK", f"Screening enligt {visit.provider.referrer.split('^')[0]}")
    ]


def _private(ds: Dataset, visit: Visit, instance: int) -> None:
    """Private blocks with the creators and the content seen in Swedish archives."""
    sectra = ds.private_block(0x0009, "SECTRA_Ident_01", create=True)
    sectra.add_new(0x01, "LO", visit.accession)
    sectra.add_new(0x06, "LO", f"{visit.woman.twelve}_{instance}.dcm")
    mitra = ds.private_block(0x0033, "MITRA OBJECT UTF8 ATTRIBUTES 1.0", create=True)
    mitra.add_new(0x02, "UN", _even(visit.woman.person_name.encode()))
    mitra.add_new(0x08, "UN", _even(visit.provider.referrer.encode()))
    geiis = ds.private_block(0x0907, "GEIIS", create=True)
    geiis.add_new(0x10, "UI", visit.study_uid)
    geiis.add_new(0x30, "UI", visit.sop_uid(instance))
    item = Dataset()
    item.PatientName, item.PatientID = visit.woman.person_name, visit.woman.short
    item.OperatorsName = visit.provider.operator
    ds.private_block(0x0029, "FujiFILM TM", create=True).add_new(0x31, "SQ", [item])
    ds[0x0029, 0x1031].is_undefined_length = True


def _even(value: bytes) -> bytes:
    return value + b" " * (len(value) % 2)


def _spoken(day: str) -> str:
    return date.fromisoformat(day).isoformat()
