"""The inverse problem: from an update back to pictures."""
