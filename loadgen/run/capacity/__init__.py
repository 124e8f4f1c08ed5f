"""How much load holds: conditions, the judgement of a step, the search for the highest rate. Pure throughout."""
