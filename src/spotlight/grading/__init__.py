"""From a submission to verdicts: locate, build the program, observe elsewhere, judge here."""
