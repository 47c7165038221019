"""Who an object is about: identifiers, their spellings, and the pseudonym."""
