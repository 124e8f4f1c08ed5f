"""The command line: arguments to a Plan, a Plan to an exit code."""
