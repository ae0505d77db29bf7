// Package openapi reads the contract of a REST door and tells its routes, as facts.
//
//	openapi.json ─▶ routes, with who is let in
//
// It is for backends whose code registers no route that can be seen: those whose routes stand in metadata. A contract says
// nothing of what lies behind a route; where a function of the code is called as an operation is, that is its handler.
package openapi

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// largest bounds a contract that is read.
const largest = 16 << 20

// Lift reads the contract of the backend in a folder, the first in the order of names. Functions are those of its code.
func Lift(dir string, functions []*facts.Function) []*facts.Route {
	name := find(dir)
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	var contract struct {
		Paths    map[string]map[string]json.RawMessage `json:"paths"`
		Security []map[string]any                      `json:"security"`
	}
	if err := json.Unmarshal(text, &contract); err != nil {
		return nil
	}
	shown, err := filepath.Rel(dir, name)
	if err != nil {
		shown = name
	}
	handlers := byName(functions)
	var out []*facts.Route
	for _, path := range slices.Sorted(maps.Keys(contract.Paths)) {
		pos := facts.Pos{File: filepath.ToSlash(shown), Line: lineOf(text, path), Column: 1}
		for _, method := range slices.Sorted(maps.Keys(contract.Paths[path])) {
			if !methods[method] {
				continue
			}
			var o operation
			if err := json.Unmarshal(contract.Paths[path][method], &o); err != nil {
				continue
			}
			if o.Security == nil {
				o.Security = contract.Security
			}
			r := &facts.Route{Pos: pos, Method: strings.ToUpper(method), Path: path, Kind: "http", Handler: handlers[exported(o.ID)], Contract: true}
			r.Guards, r.Checks = o.access(pos)
			out = append(out, r)
		}
	}
	return out
}

var methods = map[string]bool{"get": true, "post": true, "put": true, "patch": true, "delete": true, "head": true, "options": true}

type operation struct {
	ID       string           `json:"operationId"`
	Security []map[string]any `json:"security"`
}

// access is who is let in: those who show one of the schemes. Where one of the choices is none, the operation decides.
func (o operation) access(pos facts.Pos) (guards []facts.Guard, checks bool) {
	for _, choice := range o.Security {
		if len(choice) == 0 {
			return nil, len(o.Security) > 1
		}
	}
	for _, choice := range o.Security {
		for _, scheme := range slices.Sorted(maps.Keys(choice)) {
			guards = append(guards, facts.Guard{Pos: pos, Name: scheme, Auth: true})
		}
	}
	return guards, false
}

// exported is the name of the function that does what an operation says: PlaceOrder for placeOrder.
func exported(id string) string {
	if id == "" {
		return ""
	}
	return strings.ToUpper(id[:1]) + id[1:]
}

// byName are the functions that somebody wrote, by the last part of their names, where only one is called so.
func byName(functions []*facts.Function) map[string]*facts.Function {
	out := map[string]*facts.Function{}
	for _, f := range functions {
		if f.Aside != "" || f.Outer != nil {
			continue
		}
		name := f.Name[strings.LastIndex(f.Name, ".")+1:]
		if _, taken := out[name]; taken {
			out[name] = nil
		} else {
			out[name] = f
		}
	}
	return out
}

func lineOf(text []byte, path string) int {
	key, err := json.Marshal(path)
	if err != nil {
		return 1
	}
	before, _, found := bytes.Cut(text, append(key, ':'))
	if !found {
		return 1
	}
	return bytes.Count(before, []byte("\n")) + 1
}

// find is the first contract below a folder.
func find(dir string) string {
	found := ""
	_ = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read holds no contract
		case entry.IsDir() && name != dir && (entry.Name() == "vendor" || entry.Name() == "node_modules" || entry.Name() == "testdata" || entry.Name()[0] == '.'):
			return filepath.SkipDir
		case entry.IsDir() || !entry.Type().IsRegular() || entry.Name() != "openapi.json" && entry.Name() != "swagger.json":
			return nil
		}
		if info, err := entry.Info(); err == nil && info.Size() <= largest {
			found = name
			return filepath.SkipAll
		}
		return nil
	})
	return found
}
