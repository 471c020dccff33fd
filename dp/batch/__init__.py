"""Many scores rendered: which are meant, which are finished already, and the manifest of all."""
