"""What a person sees of a run: it reads run events and never touches the run."""
