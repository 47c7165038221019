"""What is made of a clean image: what its pixels tell, objects that say it, and previews.

It is made of the clean bytes alone, and the second eye looks at each object as at any other.
"""

from dataclasses import dataclass
from io import BytesIO

from catalog.records import PixelFacts
from catalog.vocabulary import Laterality
from deid.deidentify import inspect
from deid.derived.derive import Derived, derive
from deid.derived.preview import Preview
from deid.derived.written import DerivedObject
from deid.errors import Reason, SuspectError
from deid.identity.identifiers import Identifiers
from deid.ruling import NONE, Ruling
from flows.deidentifier import Deidentifier
from flows.walk.admit import Admitted

NOT_DERIVED = "nothing could be derived from its pixels"
"""A flag of an image that passed both eyes, and is stored without what is made of others."""

_BLIND = frozenset({Reason.UNDECODABLE, Reason.UNCHECKED})


@dataclass(frozen=True, repr=False)
class Derivation:
    """What was made of one image; of what is none, or shows no breast, nothing is."""

    facts: PixelFacts | None = None
    objects: tuple[DerivedObject, ...] = ()
    previews: tuple[Preview, ...] = ()
    flags: tuple[str, ...] = ()


def derive_from(
    admitted: Admitted,
    deidentifier: Deidentifier,
    identifiers: Identifiers,
    *,
    ruling: Ruling = NONE,
) -> Derivation:
    """Make of an admitted image, while it is in the spool, what is stored beside it.

    Whoever is named in what was made of an image is named in the image, where neither eye saw it:
    so the image is SUSPECT. What cannot be made, or not be checked, is left out, and the image
    says so.

    Raises:
        SuspectError: What was made of it says who she is; its findings say where.
    """
    try:
        with admitted.spooled.path.open("rb") as finished:
            made = derive(finished, subkeys=deidentifier.keys.subkeys())
        if made is None:
            return Derivation()
        for one in made.objects:
            _inspect(one, admitted, deidentifier, identifiers, ruling=ruling)
    except (OSError, MemoryError):
        raise
    except SuspectError as error:
        if error.findings and error.reason not in _BLIND:
            raise
        return Derivation(flags=(NOT_DERIVED,))
    except Exception:  # noqa: BLE001  # the image passed; it must not be lost for a picture of it
        return Derivation(flags=(NOT_DERIVED,))
    return Derivation(_facts(made), made.objects, made.previews)


def _inspect(
    one: DerivedObject,
    admitted: Admitted,
    deidentifier: Deidentifier,
    identifiers: Identifiers,
    *,
    ruling: Ruling,
) -> None:
    inspect(
        BytesIO(one.data),
        deidentifier.profile,
        admitted.person,
        identifiers=identifiers,
        text_reader=deidentifier.text_reader,
        applied=admitted.applied,
        pixels_changed=False,  # a mask of what both eyes have passed
        ruling=ruling,
    )


def _facts(made: Derived) -> PixelFacts:
    facts = made.facts
    return PixelFacts(
        breast_area_mm2=facts.breast_area_mm2,
        breast_share=facts.breast_share,
        laterality=Laterality(facts.laterality),
        laterality_agrees=facts.laterality_agrees,
        saturated_share=facts.saturated_share,
        flags=tuple(str(flag) for flag in facts.flags),
    )
