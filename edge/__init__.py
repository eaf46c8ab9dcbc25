"""The agent at the office: cameras in, messages out. Pure core: messages, geometry, zones, visits, queue."""
