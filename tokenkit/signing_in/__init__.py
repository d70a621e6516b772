"""How an account comes to be: the two legs of an authorization, and whose account the answer is."""
