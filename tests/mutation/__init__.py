"""Whether the tests would notice: small faults put into the code one at a time, and the tests run on each."""
