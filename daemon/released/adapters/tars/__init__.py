"""Tar streams: walked, vetted, moved and compared without being held in memory."""
