package pipeline

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model/build"
	"github.com/fettlehq/fettle/recipe"
)

// WaitingRecipe is something that no recipe does.
type WaitingRecipe struct {
	Name, Title string
	Built       bool // whether the tool builds it by now, so that it can be written in the design by hand
}

// WaitingRecipes asks the tool itself what of the language is built that no recipe does.
func WaitingRecipes() []WaitingRecipe {
	var out []WaitingRecipe
	for _, w := range recipe.Waits {
		out = append(out, WaitingRecipe{w.Name, w.Title, isBuilt(w)})
	}
	return out
}

func isBuilt(w recipe.Waiting) bool {
	account := "@account(login: email)"
	if strings.Contains(w.Sample, "@account(") {
		account = ""
	}
	var problems diag.List
	d := design.Parse([]design.Source{{Name: "design/notes.graphql", Text: fmt.Sprintf(recipe.WaitingBase, account) + w.Sample}}, &problems)
	m := build.Model(d, &problems)
	build.Unbuilt(d, m, &problems)
	return len(problems) == 0
}
