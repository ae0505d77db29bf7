package pipeline

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fettlehq/fettle/internal/child"
	"github.com/fettlehq/fettle/model"
)

// Request is what a service is asked.
type Request struct {
	Method, Path string
	Body         string // JSON, or empty
	As           string // an email address: it registers, proves its address and signs in first; empty for nobody
}

// Answer is what it says, and what it did.
type Answer struct {
	Status     int
	Body       string // the first 16 KiB
	Took       time.Duration
	Trace      string // the id under which its log lines and spans stand
	Statements []Statement
}

// Statement is what was sent to the database, without its values.
type Statement struct {
	SQL  string
	Took time.Duration
}

// Called is a service that was run and asked.
type Called struct {
	*Checked
	Built   *Built // nil where the design has mistakes
	Answers []Answer
}

// Bounds of Call.
const (
	maxRequests = 10
	maxAnswer   = 16 << 10
	callTimeout = 30 * time.Second
)

// Call builds the service of the project in a folder, runs it with a database of its own that is thrown away, and asks it
// one thing after another. {{1.id}} in a path or body is the field of the first answer. Nothing of the environment's
// settings reaches the service.
func Call(ctx context.Context, dir string, requests []Request) (*Called, error) {
	if len(requests) == 0 || len(requests) > maxRequests {
		return nil, fmt.Errorf("%d requests: ask 1 to %d", len(requests), maxRequests)
	}
	checked, err := Check(dir)
	if err != nil {
		return nil, err
	}
	c := &Called{Checked: checked}
	if len(checked.Problems) > 0 {
		return c, nil
	}
	if c.Built, err = Build(ctx, dir, checked.Model); err != nil || len(c.Built.Problems) > 0 {
		return c, err
	}
	scratch, err := os.MkdirTemp("", "fettle-call-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	r, err := start(ctx, c.Built.Program, scratch, checked.Model)
	if err != nil {
		return nil, err
	}
	defer r.stop()
	for _, request := range requests {
		answer, err := r.ask(ctx, request, c.Answers)
		if err != nil {
			return c, err
		}
		c.Answers = append(c.Answers, answer)
	}
	return c, nil
}

// running is a service that answers, and what it logs.
type running struct {
	url    string
	model  *model.Model
	stop   func()
	client *http.Client
	tokens map[string]string

	mu   sync.Mutex
	logs map[string][]Statement // by trace
	done map[string]bool
	last []string // lines that are no JSON: why it does not start
}

// start runs a service with a database in a folder and waits until it listens.
func start(ctx context.Context, program, scratch string, m *model.Model) (*running, error) {
	command := child.Command(ctx, program)
	command.Dir = scratch
	command.Env = scratchEnv("DATABASE_URL=sqlite:"+filepath.ToSlash(filepath.Join(scratch, "call.db")), "ADDR=127.0.0.1:0", "LOG_LEVEL=debug", "LOG_FORMAT=json", "AUTH_SECRET="+rand.Text()+rand.Text())
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	r := &running{model: m, client: &http.Client{Timeout: callTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, tokens: map[string]string{}, logs: map[string][]Statement{}, done: map[string]bool{}}
	var reading sync.WaitGroup
	reading.Go(func() { r.read(stderr) })
	listening := make(chan string, 1)
	reading.Go(func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if address, found := strings.CutPrefix(lines.Text(), "listening on "); found {
				listening <- address
			}
		}
		close(listening)
	})
	r.stop = func() {
		_ = child.Kill(command)
		reading.Wait()
		_ = command.Wait()
	}
	select {
	case address, ok := <-listening:
		if ok {
			r.url = address
			return r, nil
		}
		err = errors.New("it ended before it listened")
	case <-time.After(2 * time.Minute):
		err = errors.New("it does not listen")
	case <-ctx.Done():
		err = ctx.Err()
	}
	r.stop()
	return nil, fmt.Errorf("%s: %w: %s", m.Name, err, strings.Join(r.last, "; "))
}

// scratchEnv is an environment for programs that are to know nothing of this one's settings.
func scratchEnv(settings ...string) []string {
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT", "TZ"} {
		if value := os.Getenv(name); value != "" {
			settings = append(settings, name+"="+value)
		}
	}
	return settings
}

// read collects the statements of each trace.
func (r *running) read(log io.Reader) {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var line struct {
			Msg, SQL string
			Took     int64
			Trace    string `json:"trace_id"`
		}
		r.mu.Lock()
		switch {
		case json.Unmarshal(lines.Bytes(), &line) != nil:
			r.last = append(r.last, lines.Text())
			if len(r.last) > 10 {
				r.last = r.last[1:]
			}
		case line.Msg == "statement":
			r.logs[line.Trace] = append(r.logs[line.Trace], Statement{strings.Join(strings.Fields(line.SQL), " "), time.Duration(line.Took)})
		case line.Msg == "request":
			r.done[line.Trace] = true
		}
		r.mu.Unlock()
	}
	_, _ = io.Copy(io.Discard, log)
}

// ask sends a request and gathers what it caused.
func (r *running) ask(ctx context.Context, request Request, before []Answer) (Answer, error) {
	path, err := fill(request.Path, before)
	if err != nil {
		return Answer{}, err
	}
	body, err := fill(request.Body, before)
	if err != nil {
		return Answer{}, err
	}
	token := ""
	if request.As != "" {
		if token, err = r.signIn(ctx, request.As); err != nil {
			return Answer{}, fmt.Errorf("as %s: %w", request.As, err)
		}
	}
	began := time.Now()
	status, header, text, err := r.send(ctx, request.Method, path, body, token)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: status, Body: string(text), Took: time.Since(began), Trace: header.Get("X-Request-Id")}
	for range 100 { // its log line follows its answer
		r.mu.Lock()
		a.Statements = r.logs[a.Trace]
		done := r.done[a.Trace]
		r.mu.Unlock()
		if done {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return a, nil
}

func (r *running) send(ctx context.Context, method, path, body, token string) (int, http.Header, []byte, error) {
	at, err := url.Parse(path)
	if err != nil || at.IsAbs() || at.Host != "" || !strings.HasPrefix(path, "/") {
		return 0, nil, nil, fmt.Errorf("%.100q: is no path of the service, such as /v1/notes", path)
	}
	request, err := http.NewRequestWithContext(ctx, strings.ToUpper(method), r.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("%.20q %.100q: %w", method, path, err)
	}
	request.Header.Set("Accept", "application/json")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return answer.StatusCode, answer.Header, text, err
}

// password is that of all accounts of a run.
const password = "correct horse battery staple"

// signIn registers an address, proves it by the message in the local mailbox, and signs in.
func (r *running) signIn(ctx context.Context, email string) (string, error) {
	if token := r.tokens[email]; token != "" {
		return token, nil
	}
	if r.model.Account == nil {
		return "", errors.New("the design has no @account")
	}
	body := map[string]any{r.model.Account.Login.Name: email, "password": password}
	for _, f := range r.model.Account.Fields {
		if !f.Null && f.Default == nil {
			body[f.Name] = sample(f)
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	if status, _, answer, err := r.send(ctx, "POST", "/auth/register", string(text), ""); err != nil || status >= 300 {
		return "", fmt.Errorf("register: %d %s %w", status, answer, errOr(err))
	}
	_, _, mail, err := r.send(ctx, "GET", "/dev/mail", "", "")
	if err != nil {
		return "", err
	}
	if link := regexp.MustCompile(`/auth/verify\?token=([A-Za-z0-9_-]+)`).FindSubmatch(mail); link != nil {
		form := fmt.Sprintf(`{"token":%q}`, link[1])
		if status, _, answer, err := r.send(ctx, "POST", "/auth/verify", form, ""); err != nil || status >= 300 {
			return "", fmt.Errorf("verify: %d %s %w", status, answer, errOr(err))
		}
	}
	credentials, _ := json.Marshal(map[string]string{r.model.Account.Login.Name: email, "password": password})
	status, _, answer, err := r.send(ctx, "POST", "/auth/sign-in", string(credentials), "")
	var tokens struct{ AccessToken string }
	if err != nil || status != http.StatusOK || json.Unmarshal(answer, &tokens) != nil {
		return "", fmt.Errorf("sign in: %d %s %w", status, answer, errOr(err))
	}
	r.tokens[email] = tokens.AccessToken
	return tokens.AccessToken, nil
}

func errOr(err error) error {
	if err == nil {
		return errors.New("refused")
	}
	return err
}

// sample is a value that a required field of an account may have.
func sample(f *model.Field) any {
	switch f.Kind {
	case model.Int, model.Float:
		return 1
	case model.Boolean:
		return false
	case model.Email:
		return "sample@example.com"
	case model.URL:
		return "https://example.com"
	case model.TimeZone:
		return "UTC"
	case model.Country:
		return "IT"
	case model.Currency:
		return "EUR"
	case model.Date:
		return "2000-01-01"
	case model.DateTime:
		return "2000-01-01T00:00:00Z"
	case model.EnumKind:
		return f.Enum.Values[0].Name
	}
	return "sample" + strings.ToLower(rand.Text()[:6])
}

var hole = regexp.MustCompile(`\{\{(\d+)\.([A-Za-z0-9_.]+)\}\}`)

// fill puts fields of earlier answers into a text.
func fill(text string, answers []Answer) (string, error) {
	var failed error
	filled := hole.ReplaceAllStringFunc(text, func(found string) string {
		m := hole.FindStringSubmatch(found)
		n, _ := strconv.Atoi(m[1])
		if n < 1 || n > len(answers) {
			failed = fmt.Errorf("%s: there are %d answers before it", found, len(answers))
			return found
		}
		var value any
		decoder := json.NewDecoder(bytes.NewReader([]byte(answers[n-1].Body)))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			failed = fmt.Errorf("%s: answer %d is no JSON", found, n)
			return found
		}
		for step := range strings.SplitSeq(m[2], ".") {
			switch at := value.(type) {
			case map[string]any:
				value = at[step]
			case []any:
				if i, err := strconv.Atoi(step); err == nil && i < len(at) {
					value = at[i]
					continue
				}
				value = nil
			default:
				value = nil
			}
		}
		switch value.(type) {
		case string, json.Number, bool:
			return fmt.Sprint(value)
		}
		failed = fmt.Errorf("%s: answer %d has no such value", found, n)
		return found
	})
	return filled, failed
}
