"""The service conducts: one inbound message, the outbox, the clock. All order of I/O lives here."""
