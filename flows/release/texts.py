"""The words that go with a release: what its users agreed to, and how it is cited."""

import json

from catalog.permits import Permit
from catalog.releases import Release
from catalog.vocabulary import Tier

_TERMS = """\
Terms of use: release {number} of permit {permit}

Title      {title}
Purpose    {purpose}
In force   {begins} to {ends}
Tier       {tier}: {where}

1. Use it for the purpose of the permit only, by the persons that the permit names, and give it to
   nobody else (EHDS, Regulation (EU) 2025/327, Art. 61 and 68(10)).
2. Do not identify a person, and do not try to; do not link it for that end with other data, nor
   with a release of another permit (Art. 61).
3. Nothing that Art. 54 forbids may be done with it: no decision to the detriment of a person, no
   insurance, credit or employment, no marketing, no harmful product.
4. Publish your results within 18 months after the processing ends, and only anonymous data
   (Art. 61).
5. Name the source, as citation.txt and CITATION.cff do (Art. 61).
6. Tell the health data access body of a finding that matters to a woman's health. It is told on by
   way of her care provider, never by you (Art. 58(3)).
7. Delete what is withdrawn when you are told so. After the permit has ended, data in a secure
   processing environment is deleted within six months (Art. 68(12)).

It is a research data set, not a medical device. Dates are shifted by whole weeks, for each woman
alike.
"""
_WHERE = {
    Tier.PSEUDO_SPE: "inside a secure processing environment only (Art. 73)",
    Tier.ANON_DOWNLOAD: "may be downloaded; a named person found it anonymous (Art. 66)",
}
_SOURCE = "Mammography data space"


def terms(permit: Permit, release: Release) -> str:
    """Write what the users of a release are bound to."""
    return _TERMS.format(
        number=release.number,
        permit=permit.id,
        title=_line(permit.title),
        purpose=_line(permit.purpose),
        begins=permit.valid_from,
        ends=permit.valid_until,
        tier=permit.tier,
        where=_WHERE[permit.tier],
    )


def citation(permit: Permit, release: Release) -> str:
    """Write how the release is cited, in one sentence."""
    return (
        f"{_SOURCE}: {_line(permit.title)}. Release {release.number} of permit {permit.id}, "
        f"{release.frozen_at:%Y}; "
        f"catalogue version {release.catalogue_version}. Made available for secondary use under "
        "Regulation (EU) 2025/327 (EHDS).\n"
    )


def citation_file(permit: Permit, release: Release) -> str:
    """Write the same for programs (Citation File Format 1.2.0); JSON's strings are YAML's."""
    title = json.dumps(f"{_SOURCE}: {_line(permit.title)}", ensure_ascii=False)
    return (
        "cff-version: 1.2.0\n"
        "message: Cite this data set as follows.\n"
        "type: dataset\n"
        f"title: {title}\n"
        f"authors:\n  - name: {_SOURCE}\n"
        f"version: {json.dumps(str(release.number))}\n"
        f"date-released: {json.dumps(f'{release.frozen_at:%Y-%m-%d}')}\n"
        f"identifiers:\n  - type: other\n    value: {json.dumps(permit.id)}\n"
        "    description: data permit\n"
    )


def _line(text: str) -> str:
    """Give a text in one line, so that none of it looks like another."""
    return " ".join(text.split())
