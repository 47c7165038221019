"""What secure processing environments must delete, and that they say they did (EHDS Art. 73)."""
