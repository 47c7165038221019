"""The demonstration: two invented care providers, invented women, real films (see NOTICE)."""
