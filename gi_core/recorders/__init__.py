"""Recorders: one update with its context, written to the client's own disk for ``gi audit``; no message changes."""
