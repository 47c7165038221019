"""How many women share what could single one out: evidence for a person, never a decision.

Of each examination the quasi-identifiers make a cell; a cell's size is how many women have an
examination in it. A woman is as hidden as in the smallest of her cells.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, select

from catalog.database import reading
from catalog.deliveries.giving import of_standing
from catalog.errors import NotFoundError
from catalog.holds import instance_not_held, study_not_held
from catalog.search import Query, instance_conditions, latest, study_conditions
from catalog.tables import instance, release, release_instance, revision, study, subject
from catalog.vocabulary import COMPANIONS, ReleaseState

CATALOGUED: Final = ("age band", "exam year", "holder", "vendor")
"""What the catalogue knows of every examination."""

RELEASED: Final = (*CATALOGUED, "model", "sex", "implant", "special view")
"""What is known besides once headers are released."""

LEVELS: Final = (2, 3, 5, 10)
_UNKNOWN: Final = ""


@dataclass(frozen=True, repr=False)
class Cell:
    """The women who have an examination with the same quasi-identifiers."""

    values: tuple[str, ...]
    women: int
    studies: int


@dataclass(frozen=True, repr=False)
class Cells:
    """All cells of a cohort by some quasi-identifiers, the smallest first.

    Attributes:
        names: The quasi-identifiers.
        below: By k, how many women have an examination in a cell of fewer than k women.
    """

    names: tuple[str, ...]
    women: int
    studies: int
    cells: tuple[Cell, ...]
    below: Mapping[int, int]

    def share(self, k: int) -> float:
        """Give the share of women with an examination in a cell of fewer than k, 0 to 1."""
        return self.below[k] / self.women if self.women else 0.0


@dataclass(repr=False)
class Examination:
    """One examination of a cohort: whose, and its quasi-identifiers."""

    woman: int
    age_band: str
    exam_year: str
    holder: str
    vendors: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    sex: set[str] = field(default_factory=set)
    implant: set[str] = field(default_factory=set)
    special: set[str] = field(default_factory=set)

    def values(self, names: Sequence[str]) -> tuple[str, ...]:
        """Give its quasi-identifiers by name; several of one kind are one value."""
        told = {
            "age band": self.age_band,
            "exam year": self.exam_year,
            "holder": self.holder,
            "vendor": _joined(self.vendors),
            "model": _joined(self.models),
            "sex": _joined(self.sex),
            "implant": "YES" if "YES" in self.implant else _joined(self.implant),
            "special view": "YES" if self.special else "NO",
        }
        return tuple(told[name] for name in names)


def found_by(engine: Engine, query: Query) -> tuple[Examination, ...]:
    """Give the examinations that a query finds now, as a release would freeze them.

    What holders delivered on permit is not among them: it is counted of the permit's own release.
    """
    wanted = (
        _images()
        .select_from(instance)
        .join(revision, latest())
        .join(study, study.c.id == instance.c.study_id)
        .join(subject, subject.c.id == study.c.subject_id)
        .where(*study_conditions(query), *instance_conditions(query), of_standing())
    )
    with reading(engine) as connection:
        return tuple(_examinations(connection, wanted))


def released_to(engine: Engine, permit_id: str) -> tuple[Examination, ...]:
    """Give the examinations of a permit's newest release.

    Raises:
        NotFoundError: There is no such permit, or nothing of it is sealed.
    """
    newest = (
        select(release.c.id)
        .where(release.c.permit_id == permit_id, release.c.state == ReleaseState.SEALED)
        .order_by(release.c.number.desc())
        .limit(1)
    )
    wanted = (
        _images()
        .add_columns(release_instance.c.facts)
        .select_from(release_instance)
        .join(revision, revision.c.id == release_instance.c.revision_id)
        .join(instance, instance.c.id == revision.c.instance_id)
        .join(study, study.c.id == instance.c.study_id)
        .join(subject, subject.c.id == study.c.subject_id)
    )
    with reading(engine) as connection:
        release_id = connection.scalar(newest)
        if release_id is None:
            raise NotFoundError
        mine = wanted.where(release_instance.c.release_id == release_id)
        return tuple(_examinations(connection, mine))


def cells(examinations: Iterable[Examination], names: Sequence[str]) -> Cells:
    """Count women by some quasi-identifiers."""
    women: dict[tuple[str, ...], set[int]] = {}
    studies: Counter[tuple[str, ...]] = Counter()
    for one in examinations:
        values = one.values(names)
        women.setdefault(values, set()).add(one.woman)
        studies[values] += 1
    found = [Cell(values, len(whose), studies[values]) for values, whose in women.items()]
    below = {
        k: len(set().union(*(whose for whose in women.values() if len(whose) < k))) for k in LEVELS
    }
    return Cells(
        names=tuple(names),
        women=len(set().union(*women.values())),
        studies=sum(studies.values()),
        cells=tuple(sorted(found, key=lambda cell: (cell.women, cell.values))),
        below=below,
    )


def _images() -> Select[Any]:
    return select(
        study.c.id,
        study.c.subject_id,
        study.c.age_band,
        study.c.exam_year,
        study.c.holder_id,
        instance.c.vendor,
    ).where(instance.c.kind.not_in(COMPANIONS), study_not_held(), instance_not_held())


def _examinations(connection: Connection, wanted: Select[Any]) -> Iterator[Examination]:
    found: dict[int, Examination] = {}
    for row in connection.execute(wanted):
        one = found.setdefault(
            row.id,
            Examination(
                row.subject_id,
                row.age_band or _UNKNOWN,
                str(row.exam_year or _UNKNOWN),
                row.holder_id,
            ),
        )
        said: Mapping[str, Any] = getattr(row, "facts", None) or {}
        for into, value in (
            (one.vendors, row.vendor),
            (one.models, said.get("model")),
            (one.sex, said.get("patient_sex")),
            (one.implant, said.get("implant")),
            (one.special, said.get("special_view")),
        ):
            if value:
                into.add(value)
    yield from found.values()


def _joined(values: set[str]) -> str:
    return "+".join(sorted(values))
