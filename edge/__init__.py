"""The agent at the office: cameras in, messages out. Pure core: messages, geometry, zones, visits, queue."""

import motcua.models  # noqa: F401  # before anything loads ONNX Runtime: it is told to report to nobody
