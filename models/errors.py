"""What can go wrong with weights."""


class ModelError(RuntimeError):
    """Weights that are not there, not right or not to be had; the message is one sentence with the way out."""


class MissingError(ModelError):
    """Weights, or the library that reads them, are not here; nothing that is here is wrong."""
