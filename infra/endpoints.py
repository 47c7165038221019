"""Where the parts of a stack are found."""

from dataclasses import dataclass

from infra.ports import HOST, Ports


@dataclass(frozen=True)
class Endpoints:
    """Where the parts of a stack are found; one side of two has not all of them."""

    s3: str
    prefect: str
    prefect_api: str
    api: str
    api_docs: str
    console: str
    intake: str
    receiver: str


def endpoints_on(ports: Ports) -> Endpoints:
    """Give where the parts are found once they run."""
    door, server = f"http://{HOST}:{ports.api}", f"http://{HOST}:{ports.prefect}"
    return Endpoints(
        s3=f"http://{HOST}:{ports.s3}",
        prefect=server,
        prefect_api=f"{server}/api",
        api=door,
        api_docs=f"{door}/docs",
        console=f"http://{HOST}:{ports.console}/docs",
        intake=f"https://{HOST}:{ports.intake}",
        receiver=f"{HOST}:{ports.receiver}",
    )
