"""Who is whose neighbour."""
