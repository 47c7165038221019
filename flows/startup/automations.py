"""The automations of a region's Prefect server: each calls the region's webhook, if it has one.

What is sent are names and numbers; nothing that could identify anybody is known to the server.
"""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import httpx
from prefect import get_client
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events import AutomationCore, EventTrigger
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import Posture
from prefect.types import SecretDict
from pydantic import SecretStr

from flows.errors import StudyError
from flows.ingest.alarms import FAILED_RATIO, QUARANTINE, UNREACHABLE

PREFIX = "mammo: "
BLOCK = "mammo-region-webhook"
_RUN = """{"event": {{ event.event | tojson }}, "run": {{ event.resource.name | tojson }}, \
"at": {{ event.occurred | string | tojson }}}"""
_OURS = """{"event": {{ event.event | tojson }}, "about": {{ event.resource.id | tojson }}, \
"numbers": {{ event.payload | tojson }}, "at": {{ event.occurred | string | tojson }}}"""
#: Name of an automation: events that it waits for, and what it sends.
_RULES: dict[str, tuple[tuple[str, ...], str]] = {
    "a run is late": (("prefect.flow-run.Late",), _RUN),
    "a run failed": (("prefect.flow-run.Crashed", "prefect.flow-run.Failed"), _RUN),
    "many studies failed": ((FAILED_RATIO,), _OURS),
    "much waits in quarantine": ((QUARANTINE,), _OURS),
    "a source cannot be reached": ((UNREACHABLE,), _OURS),
}


def set_up(url: SecretStr) -> int:
    """Make the server's automations what this module says, and count them; none without a URL.

    Raises:
        StudyError: The server does not answer.
    """
    try:
        with get_client(sync_client=True) as client:
            wanted = {one.name: one for one in _automations(url)}
            return _set_up(client, wanted)
    except httpx.HTTPError:
        message = "the region's Prefect server does not answer"
        raise StudyError(message) from None


def _automations(url: SecretStr) -> Iterator[AutomationCore]:
    if not url.get_secret_value():
        return
    block = _block(url)
    for name, (events, payload) in _RULES.items():
        # All is said out: an update sends only what was.
        yield AutomationCore(
            name=f"{PREFIX}{name}",
            enabled=True,
            trigger=EventTrigger(
                type="event",
                expect=set(events),
                for_each={"prefect.resource.id"},
                posture=Posture.Reactive,
                threshold=1,
                within=timedelta(0),
            ),
            actions=[CallWebhook(type="call-webhook", block_document_id=block, payload=payload)],
        )


def _block(url: SecretStr) -> UUID:
    headers = SecretDict({"Content-Type": "application/json"})
    made = Webhook(method="POST", url=url, headers=headers).save(BLOCK, overwrite=True)
    if not isinstance(made, UUID):  # a coroutine, were this asked within a loop
        raise TypeError
    return made


def _set_up(client: SyncPrefectClient, wanted: dict[str, AutomationCore]) -> int:
    missing = dict(wanted)
    for present in client.read_automations():
        if not present.name.startswith(PREFIX):
            continue
        if present.name in missing:
            client.update_automation(present.id, missing.pop(present.name))
        else:
            client.delete_automation(present.id)
    for one in missing.values():
        client.create_automation(one)
    return len(wanted)
