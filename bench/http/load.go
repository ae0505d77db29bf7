package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The load generator is a process of its own, so that its CPU time is not the contender's, and does little: each connection
// writes a request whose bytes are made already, reads the answer, and goes on with the next.

// load is what the generator is told.
type load struct {
	Addr        string
	Requests    [][]byte // asked in turn
	Connections int
	Time        time.Duration
}

// loaded is what it tells.
type loaded struct {
	Requests int
	Time     time.Duration
	P50, P99 time.Duration
}

func generateLoad(in io.Reader, out io.Writer) error {
	var l load
	if err := json.NewDecoder(in).Decode(&l); err != nil {
		return err
	}
	took, failures := make([][]time.Duration, l.Connections), make([]error, l.Connections)
	start := time.Now()
	var group sync.WaitGroup
	for i := range l.Connections {
		group.Go(func() { took[i], failures[i] = l.connection(i, start.Add(l.Time)) })
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	result := loaded{Time: time.Since(start)}
	all := slices.Concat(took...)
	slices.Sort(all)
	if result.Requests = len(all); len(all) > 0 {
		result.P50, result.P99 = all[len(all)/2], all[len(all)*99/100]
	}
	return json.NewEncoder(out).Encode(result)
}

// connection asks one request after the other until the end. Connections begin at different requests.
func (l load) connection(number int, end time.Time) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", l.Addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(end.Add(time.Minute)); err != nil {
		return nil, err
	}
	var took []time.Duration
	reader := bufio.NewReaderSize(conn, 64<<10)
	for i := number * len(l.Requests) / l.Connections; ; i++ {
		began := time.Now()
		if began.After(end) {
			return took, nil
		}
		if _, err := conn.Write(l.Requests[i%len(l.Requests)]); err != nil {
			return nil, err
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return nil, err
		}
		if answer.StatusCode >= 300 {
			said, _ := io.ReadAll(answer.Body)
			return nil, fmt.Errorf("status %d: %s", answer.StatusCode, said)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
}

// bytes is the request as it goes over the wire.
func (r request) bytes(addr string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.Path, addr)
	if r.Body != "" {
		if r.Header["Content-Type"] == "" {
			b.WriteString("Content-Type: application/json\r\n")
		}
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	for name, value := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	b.WriteString("\r\n" + r.Body)
	return b.Bytes()
}
