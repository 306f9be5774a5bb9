"""The maintenance plugin of Calibrify: plans, work orders, parts and figures of maintenance."""
