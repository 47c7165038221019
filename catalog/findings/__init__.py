"""Significant findings: a release UID leads to a region, and never to a person (EHDS 58(3))."""
