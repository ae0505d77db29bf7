// Package smtp sends mail through a mail server.
//
//	main: service.Mail = smtp.Open ─▶ SMTP_URL, MAIL_FROM
//
// Each message is one connection: a service that sends many a second wants a provider's interface instead.
package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/fettlehq/fettle/kit/mail"
)

// timeout bounds the sending of one message.
const timeout = 15 * time.Second

// Open reads a server's URL: smtps://user:password@host:465 (TLS from the start), smtp://user:password@host:587
// (STARTTLS required) or smtp://localhost:25?tls=off (a relay on the machine). It does not connect yet.
// From is what messages come from, "Shop <no-reply@example.com>".
func Open(serverURL, from string) (mail.Sender, error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return nil, fmt.Errorf("SMTP_URL: not a URL") // the error of url.Parse holds the password
	}
	if _, err := netmail.ParseAddress(from); err != nil {
		return nil, fmt.Errorf("MAIL_FROM: %w", err)
	}
	options, err := settings(u)
	if err != nil {
		return nil, err
	}
	client, err := gomail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, fmt.Errorf("SMTP_URL: %w", err)
	}
	return &sender{client, from}, nil
}

func settings(u *url.URL) ([]gomail.Option, error) {
	dial := (&net.Dialer{}).DialContext
	options := []gomail.Option{gomail.WithTimeout(timeout)}
	port := u.Port()
	switch {
	case u.Scheme == "smtps":
		dial = (&tls.Dialer{Config: &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}}).DialContext
		options = append(options, gomail.WithSSL())
		if port == "" {
			port = "465"
		}
	case u.Scheme == "smtp" && u.Query().Get("tls") == "off":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case u.Scheme == "smtp":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		return nil, fmt.Errorf("SMTP_URL: scheme %q: want smtps or smtp", u.Scheme)
	}
	if port == "" {
		port = "587"
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("SMTP_URL: port %q: want a number", port)
	}
	options = append(options, gomail.WithPort(number), gomail.WithDialContextFunc(ending(dial)))
	if password, set := u.User.Password(); set {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	return options, nil
}

// ending closes a connection when the sending of its message is given up, which go-mail does not look at once it is
// connected. The context of dial ends with dialling, so that of the sending is a value in it.
func ending(dial gomail.DialContextFunc) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if sending, ok := ctx.Value(sendingKey{}).(context.Context); ok && err == nil {
			context.AfterFunc(sending, func() { c.Close() })
		}
		return c, err
	}
}

type sendingKey struct{}

type sender struct {
	client *gomail.Client
	from   string
}

func (s *sender) Send(ctx context.Context, m mail.Message) error {
	message := gomail.NewMsg()
	if err := message.From(s.from); err != nil {
		return fmt.Errorf("mail from: %w", err)
	}
	if message.To(m.To) != nil {
		return errors.New("mail to: not an address")
	}
	message.Subject(m.Subject)
	message.SetDate()
	message.SetMessageID()
	message.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		message.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.client.DialAndSendWithContext(context.WithValue(ctx, sendingKey{}, ctx), message); err != nil {
		// Servers repeat the address in what they answer, and an address does not belong in a log.
		return errors.New("mail: " + strings.ReplaceAll(err.Error(), m.To, "[personal]"))
	}
	return nil
}
