"""The only code of the core that opens a socket, and the judgement of where a token may go."""
