"""Whether neighbouring cities are alike."""
