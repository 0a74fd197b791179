"""The posterior: sampling, the gate, the store of fits, reweighting and predictive checks."""
