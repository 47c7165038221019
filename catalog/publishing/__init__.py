"""From a finished study to its records, whole or not at all."""
