"""The forecast and its explanation: contributions, comparisons, sensitivity, sweeps."""
