"""What a run directory says, typed: frozen values without behaviour worth a test of their own."""
