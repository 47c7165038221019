"""How a region does, in numbers: for an operator's eyes, and for Prometheus; nothing identified."""
