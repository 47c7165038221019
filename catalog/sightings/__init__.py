"""What was seen in pixels: facts, previews, scans."""
