"""Names by which Prefect knows the region's flow; apart, so that they cost no import of Prefect."""

from datetime import timedelta

FLOW = "ingest"
DEPLOYMENT = "region"
POOL = "region"
#: The flow of a plan.
PLANNED = "export"
#: The flow of what a region does every ten minutes, and when.
UPKEEP = "upkeep"
UPKEEP_CRON = "*/10 * * * *"
UPKEEP_PACE = timedelta(minutes=10)
