"""What operators see of the service at work: requests in the logs, figures, traces."""
