package golang

import "github.com/fettlehq/fettle/model"

// PackageName is the name of a module's package, and of its folder in the service.
func PackageName(m *model.Module) string { return packageName(m) }
