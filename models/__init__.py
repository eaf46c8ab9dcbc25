"""The registry of model weights: where they come from, under which licence, how they are checked and loaded."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime would report its use to its makers; read when it is loaded
