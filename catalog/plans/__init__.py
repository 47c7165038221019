"""What a region's administrators plan: sources, plans of exports, and the studies they announce."""
