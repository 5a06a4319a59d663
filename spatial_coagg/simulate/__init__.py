"""Data with a known truth, for tests, examples and the embedded panel."""
