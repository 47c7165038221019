"""Names by which the hub's Prefect server knows the flows of releases; apart, as in `arrivals`."""

FLOW = "release"
DEPLOYMENT = "hub"
#: Not the pool of what checks arrivals: only the workers of this one are given the release key.
POOL = "release"
#: What is done every ten minutes: runs whose process is gone are begun again.
UPKEEP = "release-upkeep"
UPKEEP_CRON = "*/10 * * * *"
#: What is done every night: environments get what may be served, and lose what may not (UTC).
NIGHTLY = "release-nightly"
NIGHTLY_CRON = "30 2 * * *"
