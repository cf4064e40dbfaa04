"""Pictures and data sets: what comes in, always in [0,1]."""
