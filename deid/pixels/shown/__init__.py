"""What people are shown in a review."""
