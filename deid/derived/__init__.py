"""What the pixels of a clean image tell, and the objects and pictures that say it."""
