"""Tasks, schedules, the transactional outbox, jobs and notifications."""
