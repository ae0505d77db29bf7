package facts

// Edit replaces a part of a file. A lift gives one only where it is sure to be right: the types are known and fit, the
// names mean there what they should, and nothing else of the code depends on what goes.
type Edit struct {
	File  string
	From  int    // the first byte that goes
	To    int    // the first byte that stays; From where nothing goes
	Start Pos    // of From; columns count characters
	End   Pos    // of To
	New   string // what stands there then
}
