"""The paper's tables: computed again, and held against each other."""
