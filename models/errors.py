"""What can go wrong with weights."""


class ModelError(RuntimeError):
    """Weights that are not there, not right or not to be had; the message is one sentence with the way out."""
