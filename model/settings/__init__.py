"""What a run is told: the question, the priors and the run settings, typed and strict."""
