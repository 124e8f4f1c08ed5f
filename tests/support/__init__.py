"""What tests share: real servers on port 0 and clocks that jump."""
