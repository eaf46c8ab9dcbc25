"""The registry of model weights: where they come from, under which licence, how they are checked and loaded."""
