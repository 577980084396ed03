"""What the operator tells those who run it: health and logs."""
