package golang

// LiftAlone lifts code without any library.
func LiftAlone(dir string) (*Lifted, error) { return lift(dir, nil, "", "") }
