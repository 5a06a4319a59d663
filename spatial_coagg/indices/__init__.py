"""What is measured: location quotients and co-agglomeration."""
