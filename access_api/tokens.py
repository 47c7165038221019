"""Who is calling, as the rest of this room knows it; `access_api.identity` finds it out."""

from access_api.identity.caller import Caller, Verifies
from access_api.identity.entrance import Entrance, Verifier
from access_api.identity.roles import Role

__all__ = ["Caller", "Entrance", "Role", "Verifier", "Verifies"]
