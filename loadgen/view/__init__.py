"""What a person sees while a run goes on: reads run events, never touches the run."""
