"""What the records say against what is there: orphans are found, mended, or told of."""
