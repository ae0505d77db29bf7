// Package graph writes plain values that point at each other as bytes, and reads them back with the same pointers.
//
//	value ─▶ Encode ─▶ bytes ─▶ Decode ─▶ an equal value
//
// A value that several pointers lead to is written once. What is read must have the type that was written: the bytes say
// nothing of types. Functions, channels, interfaces and fields that are not exported have no form.
package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
)

// Encode writes what a pointer leads to.
func Encode(root any) []byte {
	e := &encoder{ids: map[pointer]uint64{}, strings: map[string]uint64{}}
	e.value(reflect.ValueOf(root))
	for len(e.waiting) > 0 { // not by recursion: a graph may be as deep as it is large
		next := e.waiting[0]
		e.waiting = e.waiting[1:]
		e.value(next.Elem())
	}
	return e.out
}

// pointer is an address with its type: a struct and its first field share one.
type pointer struct {
	at uintptr
	to reflect.Type
}

type encoder struct {
	out     []byte
	ids     map[pointer]uint64
	strings map[string]uint64
	waiting []reflect.Value
}

func (e *encoder) number(n uint64) { e.out = binary.AppendUvarint(e.out, n) }

func (e *encoder) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			e.number(0)
			return
		}
		p := pointer{v.Pointer(), v.Type()}
		id, known := e.ids[p]
		if !known {
			id = uint64(len(e.ids)) + 1
			e.ids[p] = id
			e.waiting = append(e.waiting, v)
		}
		e.number(id)
	case reflect.Struct:
		for i := range v.NumField() {
			e.value(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() {
			e.number(0)
			return
		}
		e.number(uint64(v.Len()) + 1)
		for i := range v.Len() {
			e.value(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			e.value(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			e.number(0)
			return
		}
		e.number(uint64(v.Len()) + 1)
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return compare(a, b) })
		for _, key := range keys {
			e.value(key)
			e.value(v.MapIndex(key))
		}
	case reflect.String:
		e.text(v.String())
	case reflect.Bool:
		n := uint64(0)
		if v.Bool() {
			n = 1
		}
		e.number(n)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.out = binary.AppendVarint(e.out, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		e.number(math.Float64bits(v.Float()))
	default:
		panic(fmt.Sprintf("graph: %s has no form", v.Type()))
	}
}

// text writes a string, or which one it is of those before.
func (e *encoder) text(s string) {
	if id, known := e.strings[s]; known {
		e.number(id)
		return
	}
	e.number(0)
	e.number(uint64(len(s)))
	e.out = append(e.out, s...)
	e.strings[s] = uint64(len(e.strings)) + 1
}

func compare(a, b reflect.Value) int {
	switch {
	case a.Kind() != reflect.String:
		panic(fmt.Sprintf("graph: keys of %s have no order", a.Type()))
	case a.String() < b.String():
		return -1
	case a.String() > b.String():
		return 1
	}
	return 0
}

// ErrForm is that bytes are not what Encode writes of a value of the type.
var ErrForm = errors.New("graph: bytes of another form")

// Decode reads into what a pointer leads to.
func Decode(text []byte, root any) (err error) {
	d := &decoder{in: text}
	defer func() {
		if failed := recover(); failed != nil {
			if _, is := failed.(outOfForm); !is {
				panic(failed)
			}
			err = ErrForm
		}
	}()
	to := reflect.ValueOf(root)
	if d.number() != 1 || to.Kind() != reflect.Pointer || to.IsNil() {
		return ErrForm
	}
	d.pointers, d.waiting = []reflect.Value{to}, []reflect.Value{to}
	for len(d.waiting) > 0 {
		next := d.waiting[0]
		d.waiting = d.waiting[1:]
		d.value(next.Elem())
	}
	if len(d.in) > 0 {
		return ErrForm
	}
	return nil
}

type outOfForm struct{}

type decoder struct {
	in       []byte
	pointers []reflect.Value
	strings  []string
	waiting  []reflect.Value
}

func (d *decoder) number() uint64 {
	n, width := binary.Uvarint(d.in)
	if width <= 0 {
		panic(outOfForm{})
	}
	d.in = d.in[width:]
	return n
}

// length is how many things follow: each takes a byte at least, but for empty structs, of which no graph has many.
func (d *decoder) length(n uint64) int {
	if n > uint64(len(d.in)) {
		panic(outOfForm{})
	}
	return int(n)
}

func (d *decoder) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		switch id := d.number(); {
		case id == 0:
			v.SetZero()
		case id <= uint64(len(d.pointers)):
			known := d.pointers[id-1]
			if known.Type() != v.Type() {
				panic(outOfForm{})
			}
			v.Set(known)
		case id == uint64(len(d.pointers))+1:
			made := reflect.New(v.Type().Elem())
			d.pointers, d.waiting = append(d.pointers, made), append(d.waiting, made)
			v.Set(made)
		default:
			panic(outOfForm{})
		}
	case reflect.Struct:
		for i := range v.NumField() {
			d.value(v.Field(i))
		}
	case reflect.Slice:
		n := d.number()
		if n == 0 {
			v.SetZero()
			return
		}
		length := d.length(n - 1)
		v.Set(reflect.MakeSlice(v.Type(), length, length))
		for i := range length {
			d.value(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			d.value(v.Index(i))
		}
	case reflect.Map:
		n := d.number()
		if n == 0 {
			v.SetZero()
			return
		}
		length := d.length(n - 1)
		v.Set(reflect.MakeMapWithSize(v.Type(), length))
		for range length {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			d.value(key)
			d.value(value)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		v.SetString(d.text())
	case reflect.Bool:
		v.SetBool(d.number() == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, width := binary.Varint(d.in)
		if width <= 0 {
			panic(outOfForm{})
		}
		d.in = d.in[width:]
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(d.number())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(math.Float64frombits(d.number()))
	default:
		panic(fmt.Sprintf("graph: %s has no form", v.Type()))
	}
}

func (d *decoder) text() string {
	id := d.number()
	if id > uint64(len(d.strings)) {
		panic(outOfForm{})
	}
	if id > 0 {
		return d.strings[id-1]
	}
	length := d.length(d.number())
	s := string(d.in[:length])
	d.in = d.in[length:]
	d.strings = append(d.strings, s)
	return s
}
