package server

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Config is what the environment decides. ReadConfig makes it; settings says what each part means.
type Config struct {
	Name            string // of the service
	Production      bool
	DatabaseURL     string
	ReplicaURLs     []string
	Addr            string
	MetricsAddr     string
	PublicURL       string // without a slash at the end
	AuthSecret      string
	SMTPURL         string
	MailFrom        string
	LogLevel        slog.Level
	LogFormat       string // "text", "json"
	ShutdownTimeout time.Duration
	RequestTimeout  time.Duration
	StatementBudget int // 0 is no bound
	RequireIfMatch  bool
	Migrate         bool
	CORSOrigins     []string
	ShowContract    bool   // every door tells its contract, and has its pages
	Documents       string // file of trusted GraphQL documents, empty for none
	RateLimit       Rate   // of each network address; its zero value is none
	TrustedProxies  []netip.Prefix
	Logs            io.Writer // where log lines go; os.Stderr unless given

	headerTimeout  time.Duration // of a test; headerTimeout unless given, as the others are
	maxReceiving   int64
	maxSending     int64
	maxConnections int
}

// Rate is so many in a time.
type Rate struct {
	Most int
	In   time.Duration
}

func parseRate(text string) (Rate, error) {
	most, in, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(most)
	d, wrong := time.ParseDuration(in)
	if err != nil || wrong != nil || n < 1 || d < time.Second {
		return Rate{}, fmt.Errorf("%q: want a number and a time of a second or more, such as 600/1m", text)
	}
	return Rate{n, d}, nil
}

// ownMetrics tells whether the port of the doors serves /metrics.
func (c *Config) ownMetrics() bool {
	return c.MetricsAddr == "" && !c.Production || c.MetricsAddr == c.Addr && !strings.HasSuffix(c.Addr, ":0")
}

// setting is one variable of the environment.
type setting struct {
	name  string
	empty string // what it is when it is not set
	doc   string
	read  func(c *Config, text string) error
}

// settings are all of them, ENV first since others look at it.
func settings() []setting {
	return []setting{
		{"ENV", "development", "development or production", func(c *Config, text string) error {
			c.Production = text == "production"
			return oneOf(text, "development", "production")
		}},
		{"DATABASE_URL", "sqlite:data/NAME.db in development", "sqlite:PATH, sqlite::memory: or postgres://…", func(c *Config, text string) error {
			c.DatabaseURL = text
			return nil
		}},
		{"DATABASE_REPLICA_URLS", "", "postgres://…,…: streaming standbys that answer reads too, a URL for each; see the header Read-After", func(c *Config, text string) error {
			c.ReplicaURLs = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
			return nil
		}},
		{"ADDR", "127.0.0.1:8080", "where to listen; port 0 takes a free one", func(c *Config, text string) error {
			c.Addr = text
			return address(text)
		}},
		{"METRICS_ADDR", "ADDR in development", "serve /metrics here, and /metrics/statements, which fettle optimize reads; in production nowhere unless given, since they tell what is asked and how often", func(c *Config, text string) error {
			c.MetricsAddr = text
			return address(text)
		}},
		{"PUBLIC_URL", "http://ADDR in development", "how people reach the service; stands in mails and tokens", func(c *Config, text string) error {
			c.PublicURL = strings.TrimRight(text, "/")
			return httpURL(text)
		}},
		{"AUTH_SECRET", "kept beside the database in development", "signs access tokens; 32 bytes or more", func(c *Config, text string) error {
			c.AuthSecret = text
			if len(text) < 32 {
				return fmt.Errorf("%d bytes: want 32 or more", len(text))
			}
			return nil
		}},
		{"SMTP_URL", "/dev/mail in development", "smtps://user:password@host or smtp://…: what sends mail", func(c *Config, text string) error {
			c.SMTPURL = text
			return nil
		}},
		{"MAIL_FROM", "", "what mail comes from, as in \"Shop <no-reply@example.com>\"", func(c *Config, text string) error {
			c.MailFrom = text
			return nil
		}},
		{"LOG_LEVEL", "info", "debug (with every statement), info, warn or error", func(c *Config, text string) error {
			return c.LogLevel.UnmarshalText([]byte(text))
		}},
		{"LOG_FORMAT", "text, in production json", "text or json", func(c *Config, text string) error {
			c.LogFormat = text
			return oneOf(text, "text", "json")
		}},
		{"SHUTDOWN_TIMEOUT", "10s", "how long requests in flight may take after SIGTERM", func(c *Config, text string) error {
			return duration(text, &c.ShutdownTimeout)
		}},
		{"REQUEST_TIMEOUT", "30s", "how long a request may take", func(c *Config, text string) error {
			return duration(text, &c.RequestTimeout)
		}},
		{"STATEMENT_BUDGET", "", "how many statements a transaction may run, for tests: a query in a loop fails there", func(c *Config, text string) (err error) {
			c.StatementBudget, err = strconv.Atoi(text)
			return err
		}},
		{"REQUIRE_IF_MATCH", "no", "yes refuses changes and deletions over REST that bring no If-Match, with 428", func(c *Config, text string) error {
			c.RequireIfMatch = text == "yes"
			return oneOf(text, "yes", "no")
		}},
		{"MIGRATE", "auto, in production off", "auto applies migrations before serving, off leaves them to the command migrate", func(c *Config, text string) error {
			c.Migrate = text == "auto"
			return oneOf(text, "auto", "off")
		}},
		{"SHOW_CONTRACT", "yes, in production no", "yes tells the contract to whoever asks: /openapi.json, /docs and /v1/, GraphQL's schema, playground and suggestions, gRPC's reflection", func(c *Config, text string) error {
			c.ShowContract = text == "yes"
			return oneOf(text, "yes", "no")
		}},
		{"GRAPHQL_DOCUMENTS", "", "a file of trusted documents by their ids, as client builds write it; in production no others run", func(c *Config, text string) error {
			c.Documents = text
			return nil
		}},
		{"CORS_ORIGINS", "", "https://app.example.com,…: pages of these may call the service", func(c *Config, text string) error {
			for origin := range strings.SplitSeq(text, ",") {
				origin = strings.TrimRight(strings.TrimSpace(origin), "/")
				if err := httpURL(origin); err != nil {
					return err
				}
				c.CORSOrigins = append(c.CORSOrigins, origin)
			}
			return nil
		}},
		{"RATE_LIMIT", "", "600/1m and the like: how many requests a network address may make; more are refused with 429", func(c *Config, text string) (err error) {
			c.RateLimit, err = parseRate(text)
			return err
		}},
		{"TRUSTED_PROXIES", "", "10.0.0.0/8,…: proxies whose X-Forwarded-For is believed", func(c *Config, text string) error {
			for part := range strings.SplitSeq(text, ",") {
				prefix, err := netip.ParsePrefix(strings.TrimSpace(part))
				if err != nil {
					return err
				}
				c.TrustedProxies = append(c.TrustedProxies, prefix.Masked())
			}
			return nil
		}},
	}
}

// ReadConfig reads the configuration of the service of that name. Its error names every setting that is wrong.
func ReadConfig(name string, env func(string) string) (Config, error) {
	c := Config{
		Name: name, Addr: "127.0.0.1:8080", LogFormat: "text", Migrate: true, ShowContract: true,
		ShutdownTimeout: 10 * time.Second, RequestTimeout: 30 * time.Second,
	}
	var wrong []error
	for _, s := range settings() {
		if text := env(s.name); text != "" {
			if err := s.read(&c, text); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", s.name, err))
			}
		}
		if s.name == "ENV" && c.Production {
			c.LogFormat, c.Migrate, c.ShowContract = "json", false, false
		}
	}
	if env("GRAPHQL_INTROSPECTION") != "" {
		wrong = append(wrong, errors.New("GRAPHQL_INTROSPECTION: is SHOW_CONTRACT, yes or no, which all doors follow"))
	}
	if c.DatabaseURL == "" {
		c.DatabaseURL = "sqlite:" + filepath.ToSlash(filepath.Join("data", name+".db"))
		if c.Production {
			wrong = append(wrong, errors.New("DATABASE_URL: required in production"))
		}
	}
	return c, errors.Join(wrong...)
}

// reachedAt fills in the public URL of a development server that listens at addr.
func (c *Config) reachedAt(addr string) {
	if c.PublicURL == "" && !c.Production {
		c.PublicURL = "http://" + browsable(addr)
	}
}

// browsable is addr as a browser on the same machine reaches it.
func browsable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// stateFile is where development keeps what is no data but must survive a restart: beside an SQLite file, else in
// data/. It is empty for a database in memory, which keeps nothing either.
func (c *Config) stateFile(extension string) string {
	scheme, rest, _ := strings.Cut(c.DatabaseURL, ":")
	if scheme != "sqlite" && scheme != "file" {
		return filepath.Join("data", c.Name+extension)
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "?")
	if path == ":memory:" {
		return ""
	}
	return strings.TrimSuffix(path, filepath.Ext(path)) + extension
}

// secret signs access tokens. Development makes one of its own and keeps it, so that a restart signs nobody out.
func (c *Config) secret() ([]byte, error) {
	switch {
	case c.AuthSecret != "":
		return []byte(c.AuthSecret), nil
	case c.Production:
		return nil, errors.New("AUTH_SECRET: required in production, 32 bytes or more; for example from: openssl rand -base64 32")
	}
	made := make([]byte, 32)
	rand.Read(made)
	text := []byte(base64.StdEncoding.EncodeToString(made))
	path := c.stateFile(".secret")
	if path == "" {
		return text, nil
	}
	return keep(path, text)
}

// keep returns the content of the file at path; one that does not exist is made, with text, for its owner alone.
func keep(path string, text []byte) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		kept, err := os.ReadFile(path)
		if err == nil && len(kept) < 32 {
			return nil, fmt.Errorf("%s: %d bytes: want 32 or more; delete the file to have a new one", path, len(kept))
		}
		return kept, err
	}
	if err != nil {
		return nil, err
	}
	_, err = file.Write(text)
	return text, errors.Join(err, file.Close())
}

func oneOf(text string, choices ...string) error {
	for _, choice := range choices {
		if text == choice {
			return nil
		}
	}
	return fmt.Errorf("%q: want %s", text, strings.Join(choices, " or "))
}

func address(text string) error {
	_, _, err := net.SplitHostPort(text)
	return err
}

func httpURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q: want a URL like https://shop.example.com", text)
	}
	return nil
}

func duration(text string, d *time.Duration) error {
	read, err := time.ParseDuration(text)
	if err == nil && read <= 0 {
		err = fmt.Errorf("%q: want more than nothing", text)
	}
	*d = read
	return err
}
