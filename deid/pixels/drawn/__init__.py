"""What is laid over pixels or shows them: overlays, drawings, tables."""
