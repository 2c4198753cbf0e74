"""A local model's opinion on code that has been graded. It is advice: it can change no point."""
