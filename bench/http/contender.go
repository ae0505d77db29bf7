package main

import (
	"context"
	"os/exec"
)

// contender is one way to build the service. All of them are listed in contenders; each has a file.
type contender struct {
	name string
	what string // for whoever reads the tables
	// build makes what start runs, in folder. Nil where there is nothing to make.
	build func(ctx context.Context, folder string) error
	// tables makes the tables of an empty database.
	tables func(ctx context.Context, folder, url string) error
	// start is the command that serves a database on addr. It is given a pool of 20 connections by its own means.
	start func(folder, url, addr string) *exec.Cmd
	// ready is called once it answers, for what requests need from it. Nil where they need nothing.
	ready func(base string, d dataSet) error
	// request is a question in the contender's words; nil where it cannot be asked that.
	request func(w workload, q question) *request
	// read is what it said, in the form of all. Its answers may hold more than was asked for.
	read func(w workload, body []byte) (answer, error)
}

// contenders are all of them; the first is what the others are held against.
func contenders(favorites bool) []contender {
	return []contender{
		ceilingContender(favorites),
		handContender(favorites),
		fettleContender(favorites),
		fettleRESTContender(favorites),
		fettleConnectContender(favorites),
		gqlgenContender(favorites),
		pocketbaseContender(favorites),
		postgraphileContender(favorites),
		nestContender("prisma", favorites),
		nestContender("typeorm", favorites),
	}
}

// poolSize is the connections of every contender.
const poolSize = 20
