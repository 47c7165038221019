"""What search asks of a study, kept beside it: which appearances its objects have, by handle."""
