"""Live events: a server of their own, which holds many streams open at little cost."""
