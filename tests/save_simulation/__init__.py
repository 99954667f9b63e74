"""Saves lived through from flag to recovery, compared with an oracle after every day."""
