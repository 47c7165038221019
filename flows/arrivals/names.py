"""Names by which the hub's Prefect server knows its flow; apart, as they need no Prefect."""

FLOW = "publish-arrivals"
DEPLOYMENT = "hub"
POOL = "hub"
#: A run looks for so long, and the next one begins with it over: five minutes after the last.
CRON = "*/5 * * * *"
RUN_SECONDS = 290
#: Between two looks that find nothing.
PAUSE_SECONDS = 1.0
