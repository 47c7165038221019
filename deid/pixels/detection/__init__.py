"""Text found: the gate of cells, the network, recognition; markers told from text."""
