"""Orders of the hub as a region keeps them: received, decided by people or policy, done."""
