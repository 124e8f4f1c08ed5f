"""The load process: where plan, pace, net and record meet."""
