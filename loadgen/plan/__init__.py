"""What is asked for: the Plan and everything it is made of."""
