package cli

import (
	"context"

	"github.com/fettlehq/fettle/pipeline"
)

type seedCommand struct {
	Dir string `arg:"" optional:"" default:"." help:"Folder of the project."`
}

// Help is an example.
func (seedCommand) Help() string {
	return "It makes all of the rows or none, and tells how many of each kind. Where they are there already it makes none, says what is there,\nand ends with exit code 1; data/NAME.db deleted, or another DATABASE_URL, is a fresh database.\n\nExample: fettle seed examples/shop"
}

// Run builds the service and has it fill its database with the rows that its main makes.
func (c seedCommand) Run(ctx context.Context, s streams) error {
	checked, err := pipeline.Check(c.Dir)
	if err != nil {
		return err
	}
	if err := s.problems("text", checked.Problems, checked.Texts); err != nil {
		return err
	}
	return s.service(ctx, c.Dir, checked.Model, "seed")
}
