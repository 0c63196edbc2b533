"""What a person should look at: each kind of alert is found by a function of its own, from the tables as they stand."""
