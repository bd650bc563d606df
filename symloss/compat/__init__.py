"""Other libraries, played by symloss: old scripts run with nothing but an import changed."""
