"""Every invented string of the demonstration that identifies, to search what was made of it for."""

from collections.abc import Iterator

from flows.demo.encode import UID_ROOT
from flows.demo.identities import PROVIDERS, WOMEN, Provider, Woman
from flows.demo.plan import plans


def identity_needles() -> tuple[str, ...]:
    """Return every invented identifying string, to search logs, keys and databases for.

    Names, identity numbers in each writing, accession numbers, UID roots, staff, places, serials.
    """
    visits = [study.visit for studies in plans().values() for study in studies]
    numbers = [visit.accession for visit in visits]
    return tuple(dict.fromkeys((*_people_and_places(), *numbers)))


def _people_and_places() -> tuple[str, ...]:
    """Every invented string that points to a woman, a member of staff or a place of care.

    The provider's own name and numbers are not among them: the holder of data is public.
    """
    found = [needle for woman in WOMEN for needle in _of_a_woman(woman)]
    found += [needle for provider in PROVIDERS for needle in _of_a_provider(provider)]
    found += ["Ingegärd", "Gun-Marie", UID_ROOT]
    return tuple(dict.fromkeys(found))


def _of_a_woman(woman: Woman) -> Iterator[str]:
    yield from (woman.twelve, woman.long, woman.short, woman.short.replace("-", ""))
    yield from (woman.person_name, f"{woman.given} {woman.family}", woman.banner)
    yield from (woman.family, woman.family.upper(), woman.birth_name)
    yield from woman.given.split()
    yield from (woman.address.split(",")[0], woman.telephone, woman.telephone.replace(" ", ""))


def _of_a_provider(provider: Provider) -> Iterator[str]:
    for name in (provider.referrer, provider.radiologist, provider.operator):
        family, given, *_ = name.split("^")
        yield from (name, family, f"{given} {family}")
    yield from (provider.unit, provider.department, provider.address.split(",")[0])
    yield provider.application
    for machine in provider.machines:
        yield from (machine.serial, machine.station)
