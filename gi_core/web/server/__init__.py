"""What stands between the screens and the core: runs, their line, limits, cleanup."""
