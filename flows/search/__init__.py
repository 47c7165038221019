"""How people search the catalogue: their words, and the previews that they take home."""
