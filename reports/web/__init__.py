"""What a page carries: its style sheet, its script and uPlot."""
