"""Reading input strictly, with line and column of every fault, and writing files atomically."""
