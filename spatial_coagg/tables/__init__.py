"""What comes in: tables, boundaries and the panel they form."""
