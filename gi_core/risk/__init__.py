"""Is my set-up at risk? Answered from recorded runs."""
