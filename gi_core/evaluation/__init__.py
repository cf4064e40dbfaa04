"""Leak or luck: controls, identification, the verdict."""
