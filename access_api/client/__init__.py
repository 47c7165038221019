"""The client that researchers run on their own machine; the door hands it out as one file."""
