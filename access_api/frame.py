"""What every application of this room is: closed but for its routes, and open while it serves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI

_FAREWELL_S: Final = 0.01


@dataclass(frozen=True)
class About:
    """What an application says of itself in its OpenAPI description."""

    title: str
    version: str
    description: str
    tags: tuple[dict[str, Any], ...] = ()


def frame(about: About, opened: Callable[[FastAPI], AbstractContextManager[None]]) -> FastAPI:
    """Make an application without any route: none of FastAPI's own pages, and no redirects.

    Args:
        about: What it says of itself.
        opened: Opens the application's parts and puts them into its state, while it serves.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with opened(app):
            yield
        # What was let go of on the event loop ends there, in its next few turns.
        await asyncio.sleep(_FAREWELL_S)

    return FastAPI(
        title=about.title,
        version=about.version,
        description=about.description,
        openapi_tags=list(about.tags) or None,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
