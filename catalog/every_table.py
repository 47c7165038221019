"""Every table of the two databases: whoever imports this has the whole of both schemas.

A package's own tables stand in its own module and put themselves on the schema of their database.
"""

from typing import Final

from sqlalchemy import MetaData

import catalog.accounts.tables
import catalog.applications.tables
import catalog.arrivals.tables
import catalog.audit.tables
import catalog.changes.tables
import catalog.deletions.tables
import catalog.deliveries.tables
import catalog.erasures.ledger_tables
import catalog.erasures.tables
import catalog.errands.tables
import catalog.facets.tables
import catalog.findings.tables
import catalog.ledgers.tables
import catalog.notices.tables
import catalog.optouts.tables
import catalog.orders.tables
import catalog.permits.tables
import catalog.plans.tables
import catalog.protections.tables
import catalog.recalls.tables
import catalog.releases.tables
import catalog.reviews.tables
import catalog.sightings.tables
import catalog.tables
import catalog.tiers.tables

CATALOGUE: Final[MetaData] = catalog.tables.metadata
LEDGER: Final[MetaData] = catalog.ledgers.tables.metadata
