package recipe

// Verb is a command of the tool that a request may name instead of a recipe.
type Verb struct {
	Command string   // "review"
	Flags   []string // that keep it from writing anything
	Writes  bool     // without its flags
	Serves  bool     // until it is stopped
	Since   bool     // only what has changed since the last commit, where there is one
	phrases []string
}

// Verbs are those, in the order in which users see them.
var Verbs = []Verb{
	{Command: "check", phrases: []string{"check the design", "check my design", "check our design", "validate the design", "mistakes in the design"}},
	{Command: "test", phrases: []string{"run tests", "run the tests", "run all tests", "run my tests", "test the service", "test my service"}},
	{Command: "review", Since: true, phrases: []string{
		"review change", "review the change", "review this change", "review my change", "review our change", "review what I changed", "review what changed",
		"review what has changed", "review the diff", "review my diff", "review diff", "review my work", "review before I commit",
	}},
	{Command: "review", phrases: []string{"review", "find faults", "find bugs"}},
	{Command: "assess", phrases: []string{"assess", "assessment", "architecture", "what is there"}},
	{Command: "generate", Flags: []string{"--check"}, Writes: true, phrases: []string{"generate", "regenerate"}},
	{Command: "migrate", Flags: []string{"--dry-run"}, Writes: true, phrases: []string{"migrate", "migration", "plan a migration"}},
	{Command: "dev", Serves: true, phrases: []string{"run the service", "start the service", "serve it", "run it"}},
}
