"""The whole product on one machine: command line, embedded servers, sample video, simulator."""
