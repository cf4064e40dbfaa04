"""Learned inverters and what they are made of."""
