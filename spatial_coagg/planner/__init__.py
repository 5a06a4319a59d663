"""The whole flow behind one object."""
