"""An export folder as a source: which exports lie there, which are complete, which are as said."""
