"""From observations to the sentence that says what is wrong; nothing of a student's is run here."""
