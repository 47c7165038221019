"""A folder de-identified with no server: on one machine, resumed where it stopped."""
