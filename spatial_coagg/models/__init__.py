"""What drives the outcome, and how sure we are."""
