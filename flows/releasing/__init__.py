"""The hub builds releases on its own Prefect: the flows, and asking for them."""
