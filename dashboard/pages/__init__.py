"""The staff pages: each has a layout and registers what keeps it fresh."""
