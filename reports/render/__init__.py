"""Write assessments as text; no arithmetic happens here."""
